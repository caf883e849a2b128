// SPDX-License-Identifier: GPL-2.0

//! How much associations send and receive.

use addrconf_abi::Traffic;
use serde_json::{from_str, Value};

use super::{addrctl, nginx};
use crate::testing::Fake;

/// Two associations, one of which has traffic.
fn two() -> Fake {
    let fake = nginx();
    addrctl(&fake, "assign 812 10.0.0.1 --name shop").unwrap();
    addrctl(&fake, "assign 813 10.0.0.2").unwrap();
    let traffic = |packets, bytes| Traffic { packets, bytes };
    let both = (traffic(12, 3_456), traffic(7, 890));
    fake.state().traffic.insert(1, both);
    fake
}

const TABLE: &str = "\
ID  NAME  RECEIVED  BYTES  SENT  BYTES
 1  shop        12   3456     7    890
 2               0      0     0      0
";

#[test]
fn traffic_is_shown_and_counted_on_demand() {
    let fake = two();
    let off = "traffic is not counted; `addrctl traffic --on` begins\n";
    assert_eq!(addrctl(&fake, "traffic").unwrap(), format!("{off}{TABLE}"));
    assert_eq!(addrctl(&fake, "traffic --on").unwrap(), TABLE);
    assert!(fake.state().counts_traffic);
    assert_eq!(addrctl(&fake, "traffic").unwrap(), TABLE);
    let shown = addrctl(&fake, "traffic shop --off").unwrap();
    assert_eq!(shown.lines().count(), 3, "{shown}");
    assert!(!fake.state().counts_traffic);
}

#[test]
fn programs_get_each_number() {
    let fake = two();
    let json = addrctl(&fake, "traffic --on --json").unwrap();
    let json: Value = from_str(&json).unwrap();
    assert_eq!(json["counted"], true);
    let shop = &json["associations"][0];
    assert_eq!((&shop["id"], &shop["name"]), (&1.into(), &"shop".into()));
    assert_eq!(
        (&shop["received_packets"], &shop["received_bytes"]),
        (&12.into(), &3456.into())
    );
    assert_eq!(
        (&shop["sent_packets"], &shop["sent_bytes"]),
        (&7.into(), &890.into())
    );
}

#[test]
fn metrics_have_traffic_while_it_is_counted() {
    let fake = two();
    let sent = "addrconf_sent_bytes_total{id=\"1\",name=\"shop\"} 890\n";
    assert!(!addrctl(&fake, "metrics")
        .unwrap()
        .contains("sent_bytes_total"));
    addrctl(&fake, "traffic --on").unwrap();
    let text = addrctl(&fake, "metrics").unwrap();
    assert!(text.contains(sent), "{text}");
    fake.state().module = Some(9);
    assert!(!addrctl(&fake, "metrics")
        .unwrap()
        .contains("sent_bytes_total"));
}

#[test]
fn an_older_module_counts_no_traffic() {
    let fake = two();
    fake.state().module = Some(9);
    let said = addrctl(&fake, "traffic").unwrap_err().to_string();
    assert!(said.contains("it has ABI 9, addrctl has ABI 10"), "{said}");
}

#[test]
fn nothing_is_changed_for_an_association_that_is_not_there() {
    let fake = two();
    assert!(addrctl(&fake, "traffic blog --on").is_err());
    assert!(!fake.state().counts_traffic);
}
