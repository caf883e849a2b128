// SPDX-License-Identifier: GPL-2.0

//! Which command answers what, for programs.

use schemars::Schema;

use super::{
    apply, assign, check, doctor, explain, export, flush, grants, lint, list, metrics, own, ps,
    rule, show, sockets, stats, top, traffic, undefine, update, version,
};
use crate::output::{EventView, Made, Schemas};

/// The JSON Schema of the answers of all commands.
pub fn schema() -> Schema {
    let mut all = Schemas::new();
    all.answer::<assign::Assigned>("assign");
    all.answer::<Made>("move");
    all.answer::<Made>("define");
    all.answer::<undefine::Undefined>("undefine");
    all.answer::<Made>("rule add");
    all.answer::<rule::list::Listed>("rule list");
    all.answer::<grants::Listed>("grants");
    all.answer::<update::Updated>("add");
    all.answer::<update::Updated>("remove");
    all.answer::<update::Updated>("replace");
    all.answer::<flush::Flushed>("flush");
    all.answer::<flush::Preview>("flush --dry-run");
    all.answer::<list::Listed>("list");
    all.answer::<show::Shown>("show");
    all.answer::<ps::Tree>("ps");
    all.answer::<sockets::Sockets>("sockets");
    all.answer::<stats::Counted>("stats");
    all.answer::<top::Measured>("top");
    all.answer::<traffic::Counted>("traffic");
    all.answer::<check::Checked>("check");
    all.answer::<metrics::Numbers>("metrics");
    all.lines::<EventView>("monitor");
    all.answer::<explain::Explained>("explain");
    all.answer::<own::Own>("self");
    all.answer::<doctor::Findings>("doctor");
    all.answer::<apply::Applied>("apply");
    all.answer::<lint::Linted>("lint");
    all.answer::<export::Exported>("export");
    all.answer::<version::Versions>("version");
    all.document()
}
