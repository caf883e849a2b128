// SPDX-License-Identifier: GPL-2.0

//! The control group of a unit of systemd, which tells its path only while the unit runs.

use std::io;
use std::iter;
use std::path::PathBuf;

use crate::error::{ErrorKind, Reason};
use crate::system::System;
use crate::text::printable;

/// A unit that runs, or that systemd can start.
struct Unit {
    /// Its name: with a suffix, and no alias.
    id: String,
    /// The slice that it is in.
    slice: String,
    /// The path of its control group, if it runs.
    cgroup: Option<String>,
}

/// The path of the control group of a unit that is running.
pub(super) fn running_path(system: &dyn System, name: &str) -> Result<PathBuf, Reason> {
    let unit = look_up(system, name)?;
    let path = unit.cgroup.ok_or_else(|| not_running(name))?;
    Ok(path.into())
}

/// The path of the control group that a unit has when it runs.
pub(super) fn path(system: &dyn System, name: &str) -> Result<PathBuf, Reason> {
    let unit = look_up(system, name)?;
    let path = unit.cgroup.unwrap_or_else(|| made(&unit.id, &unit.slice));
    Ok(path.into())
}

/// The path that systemd makes of the name of a unit and of its slice.
fn made(id: &str, slice: &str) -> String {
    let path = match id.ends_with(".slice") {
        true => slice_path(id),
        false => slice_path(slice) + "/" + &escaped(id),
    };
    match path.is_empty() {
        true => "/".to_owned(),
        false => path,
    }
}

/// The path of a slice, which is in all the slices that the parts of its name say; empty for the
/// root.
fn slice_path(slice: &str) -> String {
    let name = slice.strip_suffix(".slice").unwrap_or_default();
    if name.is_empty() || name == "-" {
        return String::new();
    }
    let dashes = name.match_indices('-').map(|(at, _)| at);
    let slices = dashes.chain(iter::once(name.len()));
    slices
        .map(|end| format!("/{}", escaped(&format!("{}.slice", &name[..end]))))
        .collect()
}

/// The name of the directory for a unit: another one if the kernel could have a file of this name
/// beside it.
fn escaped(name: &str) -> String {
    const CONTROLLERS: [&str; 13] = [
        "bpf-devices",
        "bpf-firewall",
        "bpf-foreign",
        "bpf-restrict-network-interfaces",
        "bpf-socket-bind",
        "blkio",
        "cpu",
        "cpuacct",
        "cpuset",
        "devices",
        "io",
        "memory",
        "pids",
    ];
    let (first, _) = name.split_once('.').unwrap_or((name, ""));
    let is_taken = first == "cgroup" || CONTROLLERS.contains(&first);
    match is_taken || name.starts_with(['_', '.']) {
        true => format!("_{name}"),
        false => name.to_owned(),
    }
}

/// Asks systemd about a unit.
fn look_up(system: &dyn System, name: &str) -> Result<Unit, Reason> {
    let properties = "--property=Id,LoadState,ControlGroup,Slice";
    let output = system
        .systemctl(&["show", properties, "--", name])
        .map_err(|cause| no_systemctl(&cause))?;
    if !output.status.success() {
        return Err(failed(&String::from_utf8_lossy(&output.stderr)));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let value = |field: &str| {
        let mut values = text.lines().filter_map(|line| line.split_once('='));
        values.find(|(name, _)| *name == field).map(|(_, it)| it)
    };
    let states = text.lines().filter(|line| line.starts_with("LoadState="));
    if states.count() > 1 {
        return Err(several(name));
    }
    let cgroup = value("ControlGroup");
    let running = cgroup.filter(|path| !path.is_empty());
    match value("LoadState").unwrap_or("not-found") {
        // One that runs has a control group, even if its file is gone since.
        _ if running.is_some() => {}
        "loaded" if cgroup.is_some() => {}
        state => return Err(without_cgroup(name, state)),
    }
    Ok(Unit {
        id: value("Id").unwrap_or(name).to_owned(),
        slice: value("Slice").unwrap_or_default().to_owned(),
        cgroup: running.map(str::to_owned),
    })
}

/// Why a unit in this state never has a control group.
fn without_cgroup(name: &str, state: &str) -> Reason {
    let name = printable(name);
    let none = |what: String| Reason::new(ErrorKind::NotFound, what);
    match state {
        "loaded" => none(format!(
            "the unit {name} has no control group, and none of its kind has one"
        ))
        .next("name a service, a scope or a slice"),
        "not-found" => none(format!("systemd knows no unit {name}"))
            .next("`systemctl list-unit-files` and `systemctl list-units` show those there are"),
        _ => none(format!(
            "systemd does not start the unit {name}: it is {}",
            printable(state)
        )),
    }
}

fn not_running(name: &str) -> Reason {
    let name = printable(name);
    let what = format!("the unit {name} has no control group, because it is not running");
    Reason::new(ErrorKind::NotFound, what).next(format!(
        "start it first (`systemctl start {name}`), or name its control group with --cgroup"
    ))
}

fn several(name: &str) -> Reason {
    let what = format!("{} is a pattern of several units", printable(name));
    Reason::new(ErrorKind::Malformed, what).next("name one of them")
}

fn no_systemctl(cause: &io::Error) -> Reason {
    let advice = "name the control group with --cgroup";
    match cause.kind() {
        io::ErrorKind::NotFound => Reason::new(
            ErrorKind::NotFound,
            "there is no `systemctl` here, which tells the control group of a unit",
        )
        .next(advice),
        _ => Reason::other(format!("`systemctl` cannot be executed: {cause}")).next(advice),
    }
}

/// What `systemctl` said when it failed.
fn failed(said: &str) -> Reason {
    let said = said.lines().next().unwrap_or_default().trim();
    let said = said.trim_end_matches('.');
    let what = match said.is_empty() {
        true => "`systemctl` failed, and did not say why".to_owned(),
        false => format!("`systemctl` says: {}", printable(said)),
    };
    Reason::other(what).next("name the control group with --cgroup")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_of_a_unit_that_does_not_run_is_made_as_systemd_does() {
        for (id, slice, path) in [
            (
                "nginx.service",
                "system.slice",
                "/system.slice/nginx.service",
            ),
            ("init.scope", "-.slice", "/init.scope"),
            ("old.service", "", "/old.service"),
            (
                "nginx@shop.service",
                "system-nginx.slice",
                "/system.slice/system-nginx.slice/nginx@shop.service",
            ),
            (
                "a@1.service",
                r"system-my\x2dapp.slice",
                r"/system.slice/system-my\x2dapp.slice/a@1.service",
            ),
            // A slice says by its own name where it is.
            ("a-b-c.slice", "a-b.slice", "/a.slice/a-b.slice/a-b-c.slice"),
            ("-.slice", "", "/"),
        ] {
            assert_eq!(made(id, slice), path);
        }
    }

    #[test]
    fn a_unit_with_a_name_that_the_kernel_could_use_has_another_directory() {
        assert_eq!(made("cpu.service", "io.slice"), "/_io.slice/_cpu.service");
        assert_eq!(made("cpu-a.slice", "cpu.slice"), "/_cpu.slice/cpu-a.slice");
        for name in ["_a.service", ".a.service", "cgroup.service"] {
            assert_eq!(escaped(name), format!("_{name}"));
        }
        for name in ["cpus.service", "a_b.service", "cgroups.slice"] {
            assert_eq!(escaped(name), name);
        }
    }
}
