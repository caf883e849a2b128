// SPDX-License-Identifier: GPL-2.0

//! The options of `run` that say with which rights the program runs.

use std::collections::HashSet;
use std::str::FromStr;

use caps::Capability;

use crate::error::{Doing, Error, ErrorKind, Reason, Subject};
use crate::system::{AskedRights, Rights, System};

/// The word for no capability at all.
const NONE: &str = "none";

/// With which rights the program runs. Without these options, with those of addrctl.
#[derive(clap::Args, Debug)]
pub struct RightsArgs {
    /// Run the program as this user, given by name or number, with its groups
    #[arg(long, value_name = "USER")]
    user: Option<String>,

    /// Run it with this group in place of the user's own
    #[arg(long, value_name = "GROUP")]
    group: Option<String>,

    /// Keep these capabilities and no others, such as net_bind_service,net_raw or none; with
    /// --user, net_bind_service unless given
    #[arg(long, value_name = "CAPS", value_parser = capabilities)]
    caps: Option<Caps>,

    /// Let the program and its children gain no rights by executing others
    #[arg(long)]
    no_new_privs: bool,
}

/// A set of capabilities.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caps(HashSet<Capability>);

impl RightsArgs {
    /// Looks up what was asked for, before anything changes.
    pub(super) fn look_up(&self, system: &dyn System) -> Result<Rights, Error> {
        let caps = self.caps.as_ref().map(|caps| caps.0.clone());
        let ordinary = || HashSet::from([Capability::CAP_NET_BIND_SERVICE]);
        let asked = AskedRights {
            user: self.user.clone(),
            group: self.group.clone(),
            caps: caps.or_else(|| self.user.is_some().then(ordinary)),
            no_new_privs: self.no_new_privs,
        };
        system.look_up_rights(&asked).map_err(|what| {
            let next = "`getent passwd` and `getent group` list those there are";
            doing().failed(Reason::new(ErrorKind::Malformed, what).next(next))
        })
    }
}

/// Takes the rights. The program must not be executed when this fails.
pub(super) fn take(system: &dyn System, rights: &Rights) -> Result<(), Error> {
    system.take_rights(rights).map_err(|(what, cause)| {
        let why = Reason::new(
            ErrorKind::NotPermitted,
            format!("addrctl cannot {what}: {cause}"),
        );
        doing().failed(why.next("run addrctl as root"))
    })
}

fn doing() -> Doing {
    Doing::new("run", Subject::Thing("the program".into())).and("with these rights".to_owned())
}

fn capabilities(text: &str) -> Result<Caps, String> {
    if text == NONE {
        return Ok(Caps(HashSet::new()));
    }
    let one = |name: &str| {
        let canonical = caps::to_canonical(name);
        Capability::from_str(&canonical)
            .map_err(|_| format!("there is no capability {name:?}, capabilities(7) lists them"))
    };
    text.split(',').map(one).collect::<Result<_, _>>().map(Caps)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capabilities_are_named_with_and_without_their_prefix() {
        let two = Caps(HashSet::from([
            Capability::CAP_NET_RAW,
            Capability::CAP_NET_BIND_SERVICE,
        ]));
        for text in [
            "net_raw,net_bind_service",
            "CAP_NET_BIND_SERVICE,cap_net_raw",
        ] {
            assert_eq!(capabilities(text).as_ref(), Ok(&two), "{text}");
        }
        assert_eq!(capabilities("none"), Ok(Caps(HashSet::new())));
        for bad in ["", "net_raw,", "net_fly", "none,net_raw", "all"] {
            assert!(
                capabilities(bad).unwrap_err().contains("no capability"),
                "{bad}"
            );
        }
    }
}
