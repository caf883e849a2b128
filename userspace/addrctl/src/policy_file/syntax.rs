// SPDX-License-Identifier: GPL-2.0

//! Reading policy files: TOML, with the keys of `keys.rs`. Each fault has its place.

use std::ops::Range;

use toml::Spanned;

use super::keys::{File, GrantTable, RuleTable, Word};
use super::{Fault, Grant, Place, Policy, Rule, Source, Tenant, TermsWanted};
use crate::address::AddressSet;
use crate::allow::Allow;
use crate::source;
use crate::word::{self, ON_REFUSAL};

// What can be at a place, for programs: the message beside it is a sentence of its own.
const NAME: &str =
    "1 to 31 characters of A-Z a-z 0-9 . _ - that are no number, the first none of . -";
const ADDRESS: &str =
    "an IPv4 or IPv6 address or prefix, such as 10.0.0.1, 10.0.0.0/24 or 2001:db8::1";
const ADDRESSES: &str =
    "an array of 1 to 1024 different addresses and prefixes, such as [\"10.0.0.1\", \"2001:db8::1\"]";
const LOOPBACK: &str = "an address of 127.64.0.0/10, such as 127.64.0.2";
const HOST_LOOPBACK: &str =
    "an address or prefix of 127.0.0.0/8 without 127.0.0.1 and 127.64.0.0/10, such as 127.0.0.53";
const CRITERIA: &str = "one of: exe, uid, gid, cgroup, unit";

/// Reads a file.
///
/// # Errors
///
/// All that is wrong with it.
pub(super) fn read(source: &Source<'_>) -> Result<Policy, Vec<Fault>> {
    let file: File = toml::from_str(source.text).map_err(|error| {
        let bytes = error.span().unwrap_or(0..0);
        vec![unreadable(&Place::of(source, &bytes), error.message())]
    })?;
    let mut reader = Reader {
        source,
        faults: Vec::new(),
    };
    let policy = reader.policy(file);
    match reader.faults.is_empty() {
        true => Ok(policy),
        false => Err(reader.faults),
    }
}

/// What the reader of TOML says. It ends its message with what it expected, if it knows that; a
/// text of the file may be quoted before.
fn unreadable(place: &Place, message: &str) -> Fault {
    let fault = Fault::new(place, message.to_owned());
    match message.rsplit_once(", expected ") {
        Some((_, expected)) => fault.expecting(expected),
        None => fault,
    }
}

/// Reads the values of a file, and collects what is wrong with them.
struct Reader<'a> {
    source: &'a Source<'a>,
    faults: Vec<Fault>,
}

impl Reader<'_> {
    fn policy(&mut self, file: File) -> Policy {
        let grants = file.grant.len();
        let describes_tenant =
            file.name.is_some() || file.addresses.is_some() || !file.rule.is_empty() || grants == 0;
        let mut policy = Policy::default();
        for grant in &file.grant {
            policy.grants.extend(self.grant(grant));
        }
        if describes_tenant {
            policy.tenants.extend(self.tenant(file));
        }
        policy
    }

    fn tenant(&mut self, file: File) -> Option<Tenant> {
        let start = 0..0;
        let name = match (&file.name, self.source.stem) {
            (Some(name), _) => self.value(Some(name), NAME, word::definable),
            (None, Some(stem)) => self.checked(&start, NAME, word::definable(stem)),
            (None, None) => self.fault(&start, NAME, "a tenant needs a `name`".to_owned()),
        };
        let addresses = match &file.addresses {
            Some(given) => self.addresses(given),
            None => self.fault(
                &start,
                ADDRESSES,
                "a tenant needs `addresses`, such as [\"10.0.0.1\", \"2001:db8::1\"]".to_owned(),
            ),
        };
        let terms = self.terms(&file);
        let rules = file
            .rule
            .iter()
            .filter_map(|rule| self.rule(rule))
            .collect();
        let place = file.name.as_ref().map_or(start, Spanned::span);
        Some(Tenant {
            name: name?,
            addresses: addresses?,
            terms,
            rules,
            place: Place::of(self.source, &place),
        })
    }

    fn terms(&mut self, file: &File) -> TermsWanted {
        let sources = format!("one of: {}", source::NAMES.join(", "));
        let source =
            |text: &str| source::from_name(text).ok_or_else(|| format!("expected {sources}"));
        let on_refusal = format!("one of: {}", ON_REFUSAL.join(", "));
        let signal = |text: &str| match ON_REFUSAL.iter().position(|name| *name == text) {
            Some(at) => Ok(at == 1),
            None => Err(format!("expected {on_refusal}")),
        };
        TermsWanted {
            exclusive: file.exclusive,
            source: self
                .value(file.source.as_ref(), &sources, source)
                .unwrap_or_default(),
            loopback: self.value(file.loopback.as_ref(), LOOPBACK, word::loopback),
            host_loopback: self.value(
                file.host_loopback.as_ref(),
                HOST_LOOPBACK,
                word::host_loopback,
            ),
            signal: self
                .value(file.on_refusal.as_ref(), &on_refusal, signal)
                .unwrap_or_default(),
            allow: self.allow(&file.allow),
        }
    }

    fn allow(&mut self, given: &[Spanned<String>]) -> Vec<Allow> {
        let kind = |text: &str| Allow::named(text).ok_or("expected: raw".to_owned());
        given
            .iter()
            .filter_map(|text| self.value(Some(text), "raw", kind))
            .collect()
    }

    fn rule(&mut self, table: &Spanned<RuleTable>) -> Option<Rule> {
        let given = table.get_ref();
        let rule = Rule {
            exe: given.exe.clone(),
            uid: given.uid.as_ref().map(Word::text),
            gid: given.gid.as_ref().map(Word::text),
            cgroup: given.cgroup.clone(),
            unit: given.unit.clone(),
            place: Place::of(self.source, &table.span()),
        };
        let criteria = [&rule.exe, &rule.uid, &rule.gid, &rule.cgroup, &rule.unit];
        if criteria.iter().all(|criterion| criterion.is_none()) {
            return self.fault(&table.span(), CRITERIA, format!("a rule needs {CRITERIA}"));
        }
        if rule.cgroup.is_some() && rule.unit.is_some() {
            let what = "a rule has a cgroup or a unit, not both";
            return self.fault(&table.span(), "a cgroup or a unit", what.to_owned());
        }
        Some(rule)
    }

    fn grant(&mut self, table: &Spanned<GrantTable>) -> Option<Grant> {
        let given = table.get_ref();
        Some(Grant {
            user: given.user.text(),
            addresses: self.addresses(&given.addresses)?,
            place: Place::of(self.source, &table.span()),
        })
    }

    fn addresses(&mut self, given: &Spanned<Vec<Spanned<String>>>) -> Option<AddressSet> {
        // Each alone first, so that the fault is where it is.
        for one in given.get_ref() {
            let alone: Result<AddressSet, _> = one.get_ref().parse();
            if one.get_ref().contains(',') {
                let what = "write each address as a text of its own";
                self.fault::<()>(&one.span(), ADDRESS, what.to_owned());
            } else if let Err(problem) = alone {
                self.fault::<()>(&one.span(), ADDRESS, problem.to_string());
            }
        }
        let texts: Vec<_> = given
            .get_ref()
            .iter()
            .map(|text| text.get_ref().as_str())
            .collect();
        let faults = self.faults.len();
        match texts.join(",").parse() {
            Ok(set) => Some(set),
            Err(_) if faults > 0 => None,
            Err(problem) => self.fault(&given.span(), ADDRESSES, format!("{problem}")),
        }
    }

    /// The value of a text, if there is one and it has a meaning.
    fn value<T>(
        &mut self,
        text: Option<&Spanned<String>>,
        expected: &str,
        read: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        let text = text?;
        self.checked(&text.span(), expected, read(text.get_ref()))
    }

    fn checked<T>(
        &mut self,
        bytes: &Range<usize>,
        expected: &str,
        read: Result<T, String>,
    ) -> Option<T> {
        match read {
            Ok(value) => Some(value),
            Err(what) => self.fault(bytes, expected, what),
        }
    }

    fn fault<T>(&mut self, bytes: &Range<usize>, expected: &str, what: String) -> Option<T> {
        let place = Place::of(self.source, bytes);
        let fault = Fault::new(&place, what).expecting(expected);
        self.faults.push(fault);
        None
    }
}
