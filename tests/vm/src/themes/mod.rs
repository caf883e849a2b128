// SPDX-License-Identifier: GPL-2.0

//! The tests, one file for each theme.

mod addrctl;
mod addrctl_exclusive;
mod adopt;
mod adopt_tree;
mod audit;
mod bind;
mod check;
mod connect;
mod control_list;
mod control_malformed;
mod control_processes;
mod control_rights;
mod control_sizes;
mod crowd_adopt;
mod crowd_choice;
mod crowd_datagrams;
mod crowd_owners;
mod crowd_ports;
mod crowd_scope;
mod crowd_states;
mod crowd_update;
mod defined;
mod doctor;
mod events;
mod events_control;
mod events_packets;
mod events_refusals;
mod exclusive;
mod families;
mod filter;
mod grants;
mod grants_control;
mod host_services;
mod inherit;
mod inherit_uring;
mod join;
mod kept_loopback;
mod kept_loopback_life;
mod known;
mod lifecycle;
mod listed;
mod listen;
mod loopback;
mod loopback_owner;
mod marks;
mod moving;
mod narrow;
mod old_sockets;
mod parts;
mod policy;
mod ports;
mod ports_waiting;
mod programs;
mod races;
mod rejoin;
mod remembered;
mod rules;
mod rules_control;
mod rules_exec;
mod scope;
mod scope_tcp;
mod scope_udp;
mod sendmsg;
mod servers;
mod sessions;
mod signal;
mod source;
mod sysfs;
mod systemd;
mod traffic;
mod traffic_segments;
mod unassociated;
mod unload;
mod unused;
mod update;
mod wildcard_shared;

use crate::registry::Test;

/// All tests, in the order in which they run.
pub fn all() -> Vec<Test> {
    [
        bind::tests(),
        scope::tests(),
        scope_tcp::tests(),
        scope_udp::tests(),
        ports::tests(),
        ports_waiting::tests(),
        crowd_scope::tests(),
        crowd_ports::tests(),
        crowd_owners::tests(),
        crowd_adopt::tests(),
        crowd_update::tests(),
        crowd_choice::tests(),
        crowd_states::tests(),
        crowd_datagrams::tests(),
        exclusive::tests(),
        loopback::tests(),
        rules::tests(),
        rules_exec::tests(),
        rules_control::tests(),
        sessions::tests(),
        systemd::tests(),
        policy::tests(),
        doctor::tests(),
        signal::tests(),
        audit::tests(),
        check::tests(),
        listed::tests(),
        traffic::tests(),
        traffic_segments::tests(),
        events::tests(),
        events_control::tests(),
        events_packets::tests(),
        loopback_owner::tests(),
        host_services::tests(),
        source::tests(),
        remembered::tests(),
        update::tests(),
        adopt::tests(),
        adopt_tree::tests(),
        known::tests(),
        filter::tests(),
        narrow::tests(),
        parts::tests(),
        kept_loopback::tests(),
        kept_loopback_life::tests(),
        wildcard_shared::tests(),
        listen::tests(),
        connect::tests(),
        sendmsg::tests(),
        old_sockets::tests(),
        races::tests(),
        families::tests(),
        inherit::tests(),
        inherit_uring::tests(),
        marks::tests(),
        lifecycle::tests(),
        unused::tests(),
        defined::tests(),
        join::tests(),
        moving::tests(),
        rejoin::tests(),
        grants::tests(),
        grants_control::tests(),
        control_rights::tests(),
        control_malformed::tests(),
        control_processes::tests(),
        control_sizes::tests(),
        control_list::tests(),
        sysfs::tests(),
        addrctl::tests(),
        addrctl_exclusive::tests(),
        unassociated::tests(),
        programs::tests(),
        servers::tests(),
        crate::attacks::all(),
        unload::tests(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
