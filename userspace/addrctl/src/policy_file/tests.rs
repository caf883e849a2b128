// SPDX-License-Identifier: GPL-2.0

//! Policy files: what they mean, and what is said of faulty ones.

use addrconf_abi::SourceChoice;

use super::{Policy, Source};

fn file<'a>(path: &'a str, text: &'a str) -> Source<'a> {
    Source {
        path,
        stem: path.strip_suffix(".toml"),
        text,
    }
}

fn read(text: &str) -> Policy {
    Policy::read(&[file("shop.toml", text)]).unwrap_or_else(|faults| panic!("{faults:?}"))
}

fn faults(text: &str) -> Vec<String> {
    let faults = Policy::read(&[file("shop.toml", text)]).expect_err(text);
    faults.iter().map(ToString::to_string).collect()
}

#[test]
fn a_file_with_addresses_is_a_tenant_with_the_name_of_the_file() {
    let policy = read("addresses = [\"10.0.0.1\", \"2001:db8::1\"]\n");
    let [tenant] = &policy.tenants[..] else {
        panic!("{policy:?}");
    };
    assert_eq!(tenant.name.as_str(), "shop");
    assert_eq!(tenant.addresses.to_string(), "10.0.0.1,2001:db8::1");
    assert_eq!(tenant.terms, Default::default());
    assert!(tenant.rules.is_empty() && policy.grants.is_empty());
}

#[test]
fn every_key_has_a_meaning() {
    let policy = read(
        r#"
        name = "web"
        addresses = ["10.0.0.1"]
        exclusive = true
        source = "random"
        loopback = "127.64.0.9"
        host-loopback = "127.0.0.53"
        on-refusal = "signal"
        allow = ["raw"]

        [[rule]]
        unit = "nginx.service"
        uid = "www-data"

        [[rule]]
        exe = "/usr/bin/php"
        gid = 33

        [[grant]]
        user = "alice"
        addresses = ["10.0.0.8/29"]
        "#,
    );
    let tenant = &policy.tenants[0];
    let terms = tenant.terms.terms(tenant.name);
    assert_eq!(terms.name.as_str(), "web");
    assert!(terms.exclusive && terms.signal && terms.allow_raw);
    assert_eq!(terms.source, SourceChoice::Random);
    assert_eq!(
        terms.loopback.map(|a| a.to_string()).as_deref(),
        Some("127.64.0.9")
    );
    let host = terms.host_loopback.map(|net| net.to_string());
    assert_eq!(host.as_deref(), Some("127.0.0.53"));
    assert_eq!(tenant.rules[0].unit.as_deref(), Some("nginx.service"));
    assert_eq!(tenant.rules[0].uid.as_deref(), Some("www-data"));
    assert_eq!(tenant.rules[1].gid.as_deref(), Some("33"));
    assert_eq!(policy.grants[0].user, "alice");
    assert_eq!(policy.grants[0].addresses.to_string(), "10.0.0.8/29");
}

#[test]
fn a_file_of_grants_alone_describes_no_tenant() {
    let policy = read("[[grant]]\nuser = 1000\naddresses = [\"10.0.0.8\"]\n");
    assert!(policy.tenants.is_empty());
    assert_eq!(policy.grants[0].user, "1000");
}

#[test]
fn a_fault_has_file_line_and_column() {
    for (text, wanted) in [
        (
            "addresses = [\"10.0.0.1\"]\nadress = 1\n",
            "shop.toml:2:1: unknown field `adress`",
        ),
        (
            "addresses = [\n  \"10.0.0.1\",\n  \"10.0.0.999\",\n]\n",
            "shop.toml:3:3: 10.0.0.999 is not",
        ),
        (
            "addresses = [\"10.0.0.1,10.0.0.2\"]\n",
            "shop.toml:1:14: write each address",
        ),
        (
            "addresses = [\"10.0.0.1\", \"10.0.0.1\"]\n",
            "shop.toml:1:13: 10.0.0.1 is in the list twice",
        ),
        (
            "exclusive = true\n",
            "shop.toml:1:1: a tenant needs `addresses`",
        ),
        ("addresses = []\n", "shop.toml:1:13: the list is empty"),
        (
            "addresses = [\"10.0.0.1\"]\nsource = \"best\"\n",
            "shop.toml:2:10: expected one of: route, primary",
        ),
        (
            "addresses = [\"10.0.0.1\"]\nname = \"a b\"\n",
            "shop.toml:2:8: a name consists of",
        ),
        (
            "addresses = [\"10.0.0.1\"]\nname = \"12\"\n",
            "shop.toml:2:8: a name has other characters",
        ),
        (
            "addresses = [\"10.0.0.1\"]\nloopback = \"127.0.0.2\"\n",
            "shop.toml:2:12: the addresses through",
        ),
        (
            "addresses = [\"10.0.0.1\"]\nallow = [\"all\"]\n",
            "shop.toml:2:10: expected: raw",
        ),
        (
            "addresses = [\"10.0.0.1\"]\n[[rule]]\n",
            "shop.toml:2:1: a rule needs one of",
        ),
        (
            "addresses = [\"10.0.0.1\"]\n[[rule]]\nuser = 3\n",
            "shop.toml:3:1: unknown field `user`",
        ),
        (
            "addresses = [\"10.0.0.1\"\n",
            "shop.toml:1:24: unclosed array",
        ),
        (
            "addresses = \"10.0.0.1\"\n",
            "shop.toml:1:13: invalid type: string",
        ),
    ] {
        let found = faults(text);
        assert!(found[0].starts_with(wanted), "{text}: {found:?}");
        let fault = &Policy::read(&[file("shop.toml", text)]).unwrap_err()[0];
        assert!(fault.expected.is_some(), "{text}: {fault:?}");
    }
}

#[test]
fn all_faults_of_all_files_are_told() {
    let sources = [
        file("a.toml", "addresses = [\"10.0.0.x\"]\nsource = \"best\"\n"),
        file("b.toml", "name = \"\"\n"),
    ];
    let faults = Policy::read(&sources).unwrap_err();
    let paths: Vec<_> = faults
        .iter()
        .map(|fault| fault.place.path.as_str())
        .collect();
    assert_eq!(paths, ["a.toml", "a.toml", "b.toml", "b.toml"]);
}

#[test]
fn two_files_cannot_describe_one_tenant_or_one_users_grant() {
    let tenant = "name = \"shop\"\naddresses = [\"10.0.0.1\"]\n";
    let grant = "[[grant]]\nuser = \"alice\"\naddresses = [\"10.0.0.8\"]\n";
    for (text, wanted) in [
        (
            tenant,
            "b.toml:1:8: the tenant shop is described twice: here and in a.toml:1:8",
        ),
        (
            grant,
            "b.toml:1:1: user alice is granted something twice: here and in a.toml:1:1",
        ),
    ] {
        let faults = Policy::read(&[file("a.toml", text), file("b.toml", text)]).unwrap_err();
        assert_eq!(faults[0].to_string(), wanted);
    }
}

#[test]
fn what_is_written_reads_back_the_same_whatever_characters_it_has() {
    let mut tenant = read("name = \"web\"\naddresses = [\"10.0.0.1\"]\n[[rule]]\nexe = \"x\"\n")
        .tenants
        .remove(0);
    for odd in [
        "/a b'c\"d\\e\u{1}\u{7f}\u{85}\nü",
        "'''",
        "\"\"\"",
        "'''\"\"\"",
        "",
    ] {
        tenant.rules[0].exe = Some(odd.to_owned());
        let text = super::Written::tenant(&tenant).text().unwrap();
        let again = &read(&text).tenants[0];
        tenant.rules[0].place = again.rules[0].place.clone();
        tenant.place = again.place.clone();
        assert_eq!(again, &tenant, "{text}");
    }
}

/// What the published schema says of a file.
fn schema_accepts(text: &str) -> bool {
    let schema = include_str!("../../../../docs/policy.schema.json");
    let schema = serde_json::from_str(schema).unwrap();
    let document: serde_json::Value = toml::from_str(text).unwrap();
    jsonschema::is_valid(&schema, &document)
}

#[test]
fn the_published_schema_is_that_of_this_version() {
    let published = include_str!("../../../../docs/policy.schema.json");
    let now = serde_json::to_string_pretty(&super::schema()).unwrap() + "\n";
    assert_eq!(published, now, "make it with `addrctl generate schema`");
}

#[test]
fn the_schema_accepts_what_is_read_and_knows_all_keys() {
    let whole = "name = \"shop\"\naddresses = [\"10.0.0.1\", \"2001:db8::/64\"]\nexclusive = true\n\
                 source = \"random\"\nloopback = \"127.64.0.2\"\nhost-loopback = \"127.0.0.53\"\n\
                 on-refusal = \"signal\"\nallow = [\"raw\"]\n[[rule]]\nexe = \"/bin/sh\"\nuid = 33\n\
                 gid = \"www-data\"\nunit = \"nginx\"\n[[rule]]\ncgroup = \"shop.slice\"\n\
                 [[grant]]\nuser = 1000\naddresses = [\"10.0.0.8/29\"]\n";
    read(whole);
    assert!(schema_accepts(whole));
    for (valid, faulty) in [
        ("exclusive", "exclusiv"),
        ("[\"raw\"]", "[\"icmp\"]"),
        ("random", "rand"),
        ("signal", "kill"),
        ("exe = ", "program = "),
        ("user = 1000\n", ""),
        ("uid = 33", "uid = -1"),
        ("unit = ", "cgroup = \"/a\"\nunit = "),
        ("cgroup = \"shop.slice\"\n", ""),
    ] {
        let text = whole.replacen(valid, faulty, 1);
        assert_ne!(text, whole);
        assert!(!schema_accepts(&text), "{text}");
        assert!(!faults(&text).is_empty());
    }
}
