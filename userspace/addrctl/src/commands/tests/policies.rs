// SPDX-License-Identifier: GPL-2.0

//! Policy files: what `apply` makes of them. `policy_answers.rs` has what programs are told.

use super::{addrctl, nginx};
use crate::error::ErrorKind;
use crate::testing::Fake;

pub(super) const SHOP: &str =
    "addresses = [\"10.0.0.1\", \"2001:db8::1\"]\nexclusive = true\n\n[[rule]]\nuid = 33\n";
const BLOG: &str = "addresses = [\"10.0.0.2\"]\n";

pub(super) fn write(fake: &Fake, name: &str, text: &str) {
    let path = format!("/etc/addrconf/{name}.toml");
    fake.state().policies.insert(path.into(), text.to_owned());
}

pub(super) fn policies() -> Fake {
    let fake = nginx();
    write(&fake, "blog", BLOG);
    write(&fake, "shop", SHOP);
    fake
}

#[test]
fn apply_defines_what_is_not_there_and_then_nothing() {
    let fake = policies();
    let planned = addrctl(&fake, "apply --dry-run").unwrap();
    assert!(
        planned.starts_with("would define blog 10.0.0.2\n"),
        "{planned}"
    );
    assert!(fake.state().associations.is_empty());
    assert_eq!(
        addrctl(&fake, "apply").unwrap(),
        "define blog 10.0.0.2\ndefine shop 10.0.0.1,2001:db8::1\nput the rules in force\n"
    );
    assert_eq!(fake.state().rules.len(), 1);
    assert!(fake
        .state()
        .associations
        .values()
        .any(|a| a.terms.exclusive));
    assert_eq!(addrctl(&fake, "apply").unwrap(), "");
    assert_eq!(addrctl(&fake, "apply --dry-run --prune").unwrap(), "");
}

#[test]
fn a_changed_file_changes_what_differs() {
    let fake = policies();
    addrctl(&fake, "apply").unwrap();
    write(&fake, "blog", "addresses = [\"10.0.0.2\", \"10.0.0.3\"]\n");
    write(&fake, "shop", &SHOP.replace("33", "34"));
    assert_eq!(
        addrctl(&fake, "apply").unwrap(),
        "replace the set of blog: 10.0.0.2 by 10.0.0.2,10.0.0.3\nput the rules in force\n"
    );
    assert_eq!(fake.state().rules.len(), 1);
    assert_eq!(addrctl(&fake, "apply").unwrap(), "");
}

#[test]
fn other_terms_need_an_association_that_is_not_in_use() {
    let fake = policies();
    addrctl(&fake, "apply").unwrap();
    write(&fake, "shop", &SHOP.replace("exclusive = true\n", ""));
    addrctl(&fake, "assign 812 --to shop").unwrap();
    let error = addrctl(&fake, "apply").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Left);
    let words = "shop.toml:1:1: shop is in use with other terms";
    assert!(error.to_string().contains(words), "{error}");
    addrctl(&fake, "release 812").unwrap();
    let done = addrctl(&fake, "apply").unwrap();
    assert_eq!(
        done,
        "define shop anew, with other terms\nput the rules in force\n"
    );
    assert_eq!(addrctl(&fake, "apply").unwrap(), "");
}

#[test]
fn prune_takes_away_what_no_file_describes() {
    let fake = policies();
    addrctl(&fake, "define old 10.0.0.9").unwrap();
    addrctl(&fake, "rule add --uid 7 --to old").unwrap();
    addrctl(&fake, "grant 1000 10.0.0.8").unwrap();
    addrctl(&fake, "assign 813 10.0.0.7").unwrap();
    let kept = addrctl(&fake, "apply").unwrap();
    assert!(!kept.contains("old"), "{kept}");
    assert_eq!(fake.state().rules.len(), 2);
    assert_eq!(
        addrctl(&fake, "apply --prune").unwrap(),
        "undefine old\ntake the grant of user 1000 back\n"
    );
    assert_eq!(fake.state().rules.len(), 1);
    // One that nobody defined stays until it ends.
    assert!(addrctl(&fake, "show 813").is_ok());
    assert_eq!(addrctl(&fake, "apply --prune").unwrap(), "");
}

#[test]
fn a_fault_changes_nothing() {
    let fake = policies();
    write(
        &fake,
        "shop",
        "addresses = [\"10.0.0.1\"]\nexclusiv = true\n",
    );
    for line in ["apply", "apply --dry-run", "lint"] {
        let error = addrctl(&fake, line).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Malformed);
        let words = "/etc/addrconf/shop.toml:2:1: unknown field `exclusiv`, expected one of";
        assert!(error.to_string().contains(words), "{error}");
    }
    assert!(fake.state().associations.is_empty());
}

#[test]
fn a_rule_that_means_nothing_changes_nothing() {
    let fake = policies();
    write(
        &fake,
        "shop",
        &SHOP.replace("uid = 33", "exe = \"/no/such/program\""),
    );
    let error = addrctl(&fake, "apply").unwrap_err();
    let words = "/etc/addrconf/shop.toml:4:1: there is no file /no/such/program";
    assert!(error.to_string().contains(words), "{error}");
    assert!(fake.state().associations.is_empty());
}

#[test]
fn lint_needs_no_module() {
    let fake = policies();
    fake.state().module = None;
    let counted = addrctl(&fake, "lint").unwrap();
    assert_eq!(counted, "2 tenants, 1 rule, 0 grants\n");
    let one = addrctl(&fake, "lint /etc/addrconf/blog.toml").unwrap();
    assert_eq!(one, "1 tenant, 0 rules, 0 grants\n");
}

#[test]
fn what_is_exported_reads_back_the_same() {
    let fake = policies();
    let text = "name = \"web\"\naddresses = [\"10.0.0.5\"]\nsource = \"random\"\n\
                loopback = \"127.64.0.77\"\nhost-loopback = \"127.0.0.53\"\non-refusal = \"signal\"\n\
                allow = [\"raw\"]\n\n[[rule]]\nuid = \"www-data\"\n\n[[rule]]\ngid = \"34\"\n";
    write(&fake, "web", text);
    addrctl(&fake, "apply").unwrap();
    assert_eq!(addrctl(&fake, "export web").unwrap(), text);
    write(&fake, "web", &addrctl(&fake, "export web").unwrap());
    assert_eq!(addrctl(&fake, "apply").unwrap(), "");
    addrctl(&fake, "grant 1000 10.0.0.8/29").unwrap();
    let grants = addrctl(&fake, "export").unwrap();
    assert_eq!(
        grants,
        "[[grant]]\nuser = \"1000\"\naddresses = [\"10.0.0.8/29\"]\n"
    );
    write(&fake, "grants", &grants);
    assert_eq!(addrctl(&fake, "apply --prune").unwrap(), "");
}
