// SPDX-License-Identifier: GPL-2.0

//! Programs built against older versions of the interface keep working.

use addrconf_abi::{
    size_of_arg, AssignRequest, Command, DefineRequest, QueryRequest, SourceChoice, Terms, Wire,
    WireError,
};

use super::{bytes, samples};

/// The ioctl numbers of version 1, with the structure sizes of that version.
const VERSION_1: [(u32, Command); 5] = [
    (0x8010_a700, Command::Version),
    (0xc048_a701, Command::Assign),
    (0xc018_a702, Command::Release),
    (0xc060_a703, Command::Query),
    (0xc020_a704, Command::List),
];

/// The ioctl numbers of version 2.
const VERSION_2: [(u32, Command); 6] = [
    (0x8010_a700, Command::Version),
    (0xc050_a701, Command::Assign),
    (0xc018_a702, Command::Release),
    (0xc078_a703, Command::Query),
    (0xc020_a704, Command::List),
    (0xc028_a705, Command::Update),
];

/// The ioctl numbers that are new in versions 3, 4 and 5.
const VERSION_3: [(u32, Command); 1] = [(0xc080_a703, Command::Query)];
const VERSION_4: [(u32, Command); 1] = [(0xc098_a703, Command::Query)];
const VERSION_5: [(u32, Command); 1] = [(0xc060_a701, Command::Assign)];

/// The ioctl numbers that are new in version 6.
const VERSION_6: [(u32, Command); 4] = [
    (0xc040_a706, Command::Define),
    (0xc010_a707, Command::Undefine),
    (0xc028_a708, Command::Find),
    (0xc028_a709, Command::Join),
];

/// The ioctl numbers that version 8 changed, as they were in version 7.
const VERSION_7: [(u32, Command); 1] = [(0xc0a0_a703, Command::Query)];

/// The terms that version 1 knew: the name.
fn name_only(terms: Terms) -> Terms {
    Terms {
        name: terms.name,
        ..Terms::DEFAULT
    }
}

/// A query without what version 4 added.
fn without_version_4(query: QueryRequest) -> QueryRequest {
    QueryRequest {
        leftovers: 0,
        leftover_room: 0,
        leftover_count: 0,
        ..without_version_6(query)
    }
}

/// A query without what version 6 added.
fn without_version_6(query: QueryRequest) -> QueryRequest {
    QueryRequest {
        defined: false,
        terms: before_version_7(query.terms),
        ..before_version_8(query)
    }
}

/// A query without what version 8 added.
fn before_version_8(query: QueryRequest) -> QueryRequest {
    QueryRequest {
        granted_to: None,
        ..query
    }
}

/// Terms without what version 7 added.
fn before_version_7(terms: Terms) -> Terms {
    Terms {
        host_loopback: None,
        ..terms
    }
}

#[test]
fn older_ioctl_numbers_mean_what_they_meant() {
    let all = VERSION_1
        .into_iter()
        .chain(VERSION_2)
        .chain(VERSION_3)
        .chain(VERSION_4)
        .chain(VERSION_5)
        .chain(VERSION_6)
        .chain(VERSION_7);
    for (number, command) in all {
        assert_eq!(Command::from_number(number), Some(command));
        assert!(size_of_arg(number) <= size_of_arg(command.number()));
    }
}

#[test]
fn an_assign_request_of_version_1_asks_for_what_it_always_did() {
    let expected = AssignRequest {
        terms: name_only(samples().assign.terms),
        reset: false,
        obstacle: None,
        ..samples().assign
    };
    let assign = AssignRequest {
        terms: Terms {
            source: SourceChoice::Random,
            loopback: Some([127, 0x41, 0x42, 0x43].into()),
            ..expected.terms
        },
        ..expected
    };
    let bytes = bytes(&assign);
    assert_eq!(AssignRequest::decode(&bytes[..72]), Ok(expected));
    // The missing bytes of a field that is cut off count as zero.
    let cut = AssignRequest::decode(&bytes[..78]).map(|request| request.terms.loopback);
    assert_eq!(cut, Ok(Some([127, 0x41, 0, 0].into())));
    assert_eq!(
        AssignRequest::decode(&bytes[..71]),
        Err(WireError::TooShort)
    );
}

#[test]
fn a_query_of_version_1_decodes_with_the_new_fields_zero() {
    let query = samples().query;
    let expected = QueryRequest {
        terms: name_only(query.terms),
        sockets: 0,
        ..without_version_4(query)
    };
    let bytes = bytes(&query);
    assert_eq!(QueryRequest::decode(&bytes[..96]), Ok(expected));
    assert_eq!(QueryRequest::decode(&bytes[..95]), Err(WireError::TooShort));
}

#[test]
fn the_answer_to_a_program_of_version_1_begins_as_it_always_did() {
    // The module encodes the newest structure and writes as much of it as the caller
    // has room for: those bytes must not depend on newer fields.
    let all = samples();
    let assign = AssignRequest {
        terms: Terms {
            source: SourceChoice::Route,
            loopback: None,
            ..all.assign.terms
        },
        ..all.assign
    };
    assert_eq!(bytes(&assign)[..72], bytes(&all.assign)[..72]);
    let query = QueryRequest {
        terms: name_only(all.query.terms),
        sockets: 0,
        ..without_version_4(all.query)
    };
    assert_eq!(bytes(&query)[..96], bytes(&all.query)[..96]);
}

#[test]
fn a_query_of_version_2_gets_what_it_always_did_and_no_flags() {
    let query = samples().query;
    let plain = QueryRequest {
        terms: Terms {
            allow_raw: false,
            ..before_version_7(query.terms)
        },
        ..without_version_4(query)
    };
    assert_eq!(bytes(&query)[..120], bytes(&plain)[..120]);
    assert_eq!(QueryRequest::decode(&bytes(&query)[..120]), Ok(plain));
}

#[test]
fn a_query_of_version_3_gets_what_it_always_did_and_hands_over_no_room() {
    let query = samples().query;
    let plain = without_version_4(query);
    assert_eq!(bytes(&query)[..120], bytes(&plain)[..120]);
    let with_flags = QueryRequest {
        defined: query.defined,
        ..plain
    };
    assert_eq!(QueryRequest::decode(&bytes(&query)[..128]), Ok(with_flags));
}

#[test]
fn an_assign_request_of_version_4_asks_for_what_it_always_did() {
    let assign = samples().assign;
    let plain = AssignRequest {
        obstacle: None,
        terms: before_version_7(assign.terms),
        ..assign
    };
    assert_eq!(bytes(&assign)[..80], bytes(&plain)[..80]);
    assert_eq!(AssignRequest::decode(&bytes(&assign)[..80]), Ok(plain));
}

#[test]
fn requests_of_version_6_ask_for_nothing_on_the_loopback_of_the_host() {
    let all = samples();
    let assign = AssignRequest {
        terms: before_version_7(all.assign.terms),
        ..all.assign
    };
    assert_eq!(AssignRequest::decode(&bytes(&all.assign)[..96]), Ok(assign));
    let define = DefineRequest {
        terms: before_version_7(all.define.terms),
        ..all.define
    };
    assert_eq!(DefineRequest::decode(&bytes(&all.define)[..64]), Ok(define));
    let query = QueryRequest {
        terms: before_version_7(all.query.terms),
        ..before_version_8(all.query)
    };
    assert_eq!(QueryRequest::decode(&bytes(&all.query)[..152]), Ok(query));
}

#[test]
fn the_answer_to_a_program_of_version_6_begins_as_it_always_did() {
    let all = samples();
    let assign = AssignRequest {
        terms: before_version_7(all.assign.terms),
        ..all.assign
    };
    assert_eq!(bytes(&assign)[..96], bytes(&all.assign)[..96]);
    let define = DefineRequest {
        terms: before_version_7(all.define.terms),
        ..all.define
    };
    assert_eq!(bytes(&define)[..64], bytes(&all.define)[..64]);
    let query = QueryRequest {
        terms: before_version_7(all.query.terms),
        ..before_version_8(all.query)
    };
    assert_eq!(bytes(&query)[..152], bytes(&all.query)[..152]);
    // A module of version 6 serves these: the bytes that it does not know are zero.
    assert_eq!(bytes(&assign)[96..], [0; 8]);
    assert_eq!(bytes(&define)[64..], [0; 8]);
    assert_eq!(bytes(&query)[152..], [0; 16]);
}

#[test]
fn a_program_of_version_7_gets_what_it_always_did() {
    let query = samples().query;
    let plain = before_version_8(query);
    assert_eq!(bytes(&query)[..160], bytes(&plain)[..160]);
    assert_eq!(QueryRequest::decode(&bytes(&query)[..160]), Ok(plain));
    assert_eq!(bytes(&plain)[160..], [0; 8]);
}

#[test]
fn the_count_that_older_modules_put_into_an_answer_is_passed_over() {
    let query = samples().query;
    let mut answer = bytes(&query);
    answer[144..152].fill(0xff);
    assert_eq!(QueryRequest::decode(&answer), Ok(query));
}

#[test]
fn an_older_module_serves_a_query_that_uses_nothing_newer() {
    // It accepts a longer structure as long as the bytes that it does not know are
    // zero. So every module answers a query without room for leftovers.
    let plain = without_version_4(samples().query);
    assert!(bytes(&plain)[128..].iter().all(|&byte| byte == 0));
}
