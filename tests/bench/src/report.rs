// SPDX-License-Identifier: GPL-2.0

//! The tables of what the runs in a folder printed, one file for each run. A run that is
//! missing is left out.

use std::fs;
use std::io;
use std::path::Path;

use crate::sizes::{added, MEMORY};
use crate::table::Table;

/// Calls in several settings: the first as it is, the others as differences to it.
struct Calls {
    name: &'static str,
    title: &'static str,
    settings: &'static [(&'static str, &'static str)],
}

/// The setting of the other tables of calls.
const NONE: (&str, &str) = ("none", "no module");

const CALLS: [Calls; 5] = [
    Calls {
        name: "others",
        title: "calls of a process that is not associated",
        settings: &[
            NONE,
            ("stock", "stock"),
            ("loaded", "loaded"),
            ("nobody", "100 assoc."),
        ],
    },
    Calls {
        name: "sets",
        title: "calls of an associated process, by its set",
        settings: &[
            NONE,
            ("member", "1 addr."),
            ("set8", "8 addr."),
            ("set64", "64 addr."),
            ("set1024", "1024 addr."),
        ],
    },
    Calls {
        name: "ipv6",
        title: "calls with IPv6 of an associated process",
        settings: &[
            ("v6-none", "no module"),
            ("v6-nobody", "100 assoc."),
            ("v6-member", "1 addr."),
            ("v6-set8", "8 addr."),
        ],
    },
    Calls {
        name: "networks",
        title: "the same where the machine has 1,000 addresses",
        settings: &[
            ("many-none", "no module"),
            ("many-member", "1 addr."),
            ("many-networks1", "1 network"),
            ("many-networks64", "64 networks"),
        ],
    },
    Calls {
        name: "means",
        title: "calls under other means",
        settings: &[
            NONE,
            ("member", "1 addr."),
            ("cgroup", "cgroup-BPF"),
            ("landlock", "Landlock"),
            ("veth", "veth"),
            ("ipvlan", "ipvlan"),
        ],
    },
];

/// Tables from lines of a column, a row and a value: their names, titles and files.
const COUNTED: [(&str, &str, &[&str]); 3] = [
    (
        "tenants",
        "by the number of tenants on one port",
        &["tenants"],
    ),
    (
        "adopted",
        "the same, of servers that bound before",
        &["adopted"],
    ),
    (
        "associations",
        "by the number of associations",
        &["associations", "associations-most"],
    ),
];

/// The setting that the throughput of the others is divided by.
const ALONE: &str = "unassociated";

/// Prints all tables, and writes each to the folder as data for gnuplot.
pub fn print(folder: &Path) -> io::Result<()> {
    let read = |name: &str| lines(&fs::read_to_string(folder.join(name)).unwrap_or_default());
    let show = |table: &Table, name: &str, turned: bool| {
        if table.rows.is_empty() {
            return Ok(());
        }
        println!("{table}");
        fs::write(folder.join(format!("{name}.dat")), table.data(turned))
    };
    for spec in &CALLS {
        show(&calls(spec, &read), spec.name, true)?;
    }
    for (name, title, files) in COUNTED {
        let lines: Lines = files.iter().flat_map(|file| read(file)).collect();
        show(&counted(title, &lines), name, true)?;
    }
    let [cost, ratio] = throughput(&read("throughput"));
    show(&cost, "requests", false)?;
    show(&ratio, "ratios", false)?;
    show(&memory(&read), "memory", false)?;
    for line in added(&read) {
        println!("{line}");
    }
    Ok(())
}

/// Lines of fields.
pub type Lines = Vec<Vec<String>>;

/// The lines of a text, whose fields have tabs between them.
pub fn lines(text: &str) -> Lines {
    let fields = |line: &str| line.split('\t').map(str::to_owned).collect();
    text.lines().map(fields).collect()
}

fn calls(spec: &Calls, read: &impl Fn(&str) -> Lines) -> Table {
    let mut table = Table::new(spec.title);
    let costs = |name| -> Vec<(String, i64)> {
        let lines = read(name).into_iter();
        let cost = |line: Vec<String>| Some((line.first()?.clone(), line.get(1)?.parse().ok()?));
        lines.filter_map(cost).collect()
    };
    let base = costs(spec.settings[0].0);
    for (name, cost) in &base {
        table.put(name, spec.settings[0].1, cost);
    }
    for (setting, label) in &spec.settings[1..] {
        for (name, cost) in costs(setting) {
            if let Some((_, base)) = base.iter().find(|(it, _)| *it == name) {
                table.put(&name, label, format!("{:+}", cost - base));
            }
        }
    }
    table
}

fn counted(title: &str, lines: &Lines) -> Table {
    let mut table = Table::new(title);
    for line in lines {
        if let [column, row, value] = &line[..] {
            // A call that is not made with this number.
            if value != "0" {
                table.put(row, column, value);
            }
        }
    }
    table
}

/// Instructions a request, and throughput against that of a server alone.
fn throughput(lines: &Lines) -> [Table; 2] {
    let mut cost = Table::new("instructions a request");
    let mut ratio = Table::new("throughput, against unassociated");
    let number = |text: &str| text.parse::<f64>().unwrap_or(f64::NAN);
    for line in lines {
        let [program, setting, value] = &line[..] else {
            continue;
        };
        cost.put(program, setting, value);
        let alone = lines.iter().find(|it| it[0] == *program && it[1] == ALONE);
        if let Some(alone) = alone {
            ratio.put(
                program,
                setting,
                format!("{:.3}", number(&alone[2]) / number(value)),
            );
        }
    }
    [cost, ratio]
}

fn memory(read: &impl Fn(&str) -> Lines) -> Table {
    let mut table = Table::new("bytes of kernel memory");
    for (file, label) in MEMORY.into_iter().chain([("memory-namespaces", NONE.1)]) {
        for line in read(file).iter().filter(|line| line.len() == 4) {
            table.put(&line[0], label, &line[1]);
        }
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &'static [(&str, &str)]) -> impl Fn(&str) -> Lines {
        move |name| {
            lines(
                files
                    .iter()
                    .find(|(it, _)| *it == name)
                    .map_or("", |it| it.1),
            )
        }
    }

    #[test]
    fn calls_are_shown_as_differences_to_the_first_setting() {
        let read = folder(&[
            ("none", "bind\t100\nlisten\t50\n"),
            ("loaded", "bind\t98\n"),
        ]);
        let table = calls(&CALLS[0], &read);
        assert_eq!(table.columns, ["no module", "loaded"]);
        assert_eq!(
            table.data(false),
            "\tno module\tloaded\nbind\t100\t-2\nlisten\t50\t-\n"
        );
    }

    #[test]
    fn throughput_is_the_inverse_of_cost() {
        let [_, ratio] = throughput(&lines("nginx\tunassociated\t99\nnginx\tassociated\t100"));
        assert_eq!(
            ratio.data(false),
            "\tunassociated\tassociated\nnginx\t1.000\t0.990\n"
        );
    }
}
