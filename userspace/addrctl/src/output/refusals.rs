// SPDX-License-Identifier: GPL-2.0

//! How often something was refused to an association.

use std::collections::BTreeMap;

use addrconf_abi::{CountsRequest, Operation};
use schemars::JsonSchema;
use serde::Serialize;

use super::event::operations;

/// How often something was refused to one association.
#[derive(JsonSchema, Serialize)]
pub struct Refusals {
    /// How often each operation was refused.
    #[schemars(extend("required" = operations()))]
    pub refused: BTreeMap<&'static str, u64>,
    /// Refusals of which no event told, as there were too many in a second.
    pub held_back: u64,
}

impl Refusals {
    /// What the module counted.
    pub fn new(counts: &CountsRequest) -> Self {
        let numbers = Operation::ALL.iter().zip(counts.refused);
        let named = numbers.map(|(operation, number)| (operation.name(), number));
        Self {
            refused: named.collect(),
            held_back: counts.held_back,
        }
    }
}
