// SPDX-License-Identifier: GPL-2.0

//! The catalogue of attacks: what a hostile tenant tries, one file for each,
//! named after the attack. Each is shown to work where nothing stops it.

mod capability;
mod inherited_operations;
mod multicast_requests;
pub mod packets;
mod rtnetlink;
mod shortage;
mod thief;
mod wire;
mod witness;

macro_rules! attacks {
    ($($name:ident)*) => {
        $(mod $name;)*

        /// All attacks, in the order they run.
        pub fn all() -> Vec<crate::registry::Test> {
            let groups: Vec<Vec<crate::registry::Test>> = vec![$($name::tests()),*];
            groups.into_iter().flatten().collect()
        }
    };
}

// One group for each section of the catalogue in docs/security.md.
attacks! {
    // --- addresses, options and packets
    second_message
    control_messages
    marked_message
    no_family
    odd_addresses
    mapped_addresses
    changed_family
    dissolved_connection
    automatic_port
    fast_open
    deferred_connection
    stray_connection
    deferred_accept
    loopback_aliases
    another_tenants_loopback
    host_loopback
    kept_loopback
    loopback_source
    crossed_connection
    old_loopback_connection
    broadcast
    multicast
    multicast_reports
    nonlocal_addresses
    bound_to_device
    sticky_source
    repaired_connection
    source_routes
    removed_options
    spliced_data
    corked_message
    mixed_message
    borrowed_port
    early_listener
    raced_binding
    narrowed_takeover
    crowded_port
    crowded_choice
    ephemeral_ports
    source_races
    changing_address
    overheard_datagrams
    syn_cookies
    icmp_errors

    // --- families, protocols and BPF
    raw_socket_overhears
    raw_socket_forges_source
    ping_socket_foreign_source
    packet_socket_overhears
    packet_socket_forges_frame
    packet_socket_opened_before
    xdp_socket_forges_frame
    tun_device_injects_packets
    smc_serves_foreign_address
    sctp_serves_foreign_address
    sctp_adds_foreign_address
    mptcp_takes_foreign_address
    mptcp_joins
    rds_forges_source
    l2tp_forges_source
    vsock_reaches_others
    tipc_reaches_others
    unknown_families
    bpf_steers_connections
    bpf_rewrites_addresses
    xdp_program_drops_packets
    reuseport_program_chooses_thief
    socket_filter_is_harmless
    new_address_of_the_machine
    uncovered_sockets_opened_before
    raw_socket_allowed
    raw_packets_that_meddle
    tunnel_packets
    many_raw_sockets
    shared_terminal

    // --- processes, descriptors and rings
    registered_files
    direct_descriptors
    inherited_ring
    old_descriptors
    inherited_sockets
    inherited_service
    waiting_call
    waiting_ring
    closed_connection
    connecting_socket
    descriptors_of_power
    filled_pages
    hidden_descriptors
    handed_on
    passed_descriptors
    reopened_descriptors
    shared_descriptors
    traced_process
    foreign_memory
    slow_memory
    many_descriptors
    unusual_children
    reused_pid
    fork_storm
    user_namespace
    network_namespace
    uid_zero_without_capabilities
    control_device
    granted_user
    granted_programs
    narrowed_programs
    withheld_rights
    widening
    moving
    moved_ties
    too_many_parts
    slow_narrowing
    reset_connections
    changing_hands
    failed_allocations
    failed_allocations_of_a_join
    failed_allocations_of_a_tenant
    failed_allocations_around_a_tenant
    unloading
}
