// SPDX-License-Identifier: GPL-2.0

//! What the series and associations add to the memory of tasks and sockets, from the lines
//! that `memory` prints on different kernels.

use crate::report::Lines;

/// The memory of tasks and sockets: files, and what they are called.
pub const MEMORY: [(&str, &str); 3] = [
    ("memory-stock", "stock"),
    ("memory-none", "no module"),
    ("memory-associated", "associated"),
];

/// Bytes of one object for a user, those of them in objects of the kernel's caches, and
/// which objects: how many, and their names and sizes.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Size {
    bytes: i64,
    objects: i64,
    caches: Vec<(i64, String)>,
}

impl Size {
    /// Reads a line of a name and these.
    fn parse(line: &[String]) -> Option<Self> {
        let cache = |item: &str| {
            let (number, name) = item.split_once(' ')?;
            Some((number.parse().ok()?, name.to_owned()))
        };
        Some(Self {
            bytes: line.get(1)?.parse().ok()?,
            objects: line.get(2)?.parse().ok()?,
            caches: line.get(3)?.split(", ").filter_map(cache).collect(),
        })
    }

    /// What is left without the objects of `other`.
    fn without(self, other: &Self) -> Self {
        let mut caches = self.caches;
        for (number, name) in &other.caches {
            match caches.iter_mut().find(|(_, it)| it == name) {
                Some((had, _)) => *had -= number,
                None => caches.push((-number, name.clone())),
            }
        }
        caches.retain(|(number, _)| *number != 0);
        Self {
            bytes: self.bytes - other.bytes,
            objects: self.objects - other.objects,
            caches,
        }
    }
}

/// Lines about what the series and an association add to tasks and sockets, and what is
/// the association's own.
pub fn added(read: &impl Fn(&str) -> Lines) -> Vec<String> {
    let find = |file: &str, name: &str| {
        let lines = read(file);
        Size::parse(lines.iter().find(|line| line[0] == name)?)
    };
    let [stock, none, associated] = MEMORY.map(|(file, _)| file);
    let mut sizes = Vec::new();
    let mut to_task = None;
    for name in ["a task", "a TCP socket", "a UDP socket"] {
        let [stock, none, associated] = [stock, none, associated].map(|file| find(file, name));
        if let (Some(stock), Some(none)) = (stock, &none) {
            sizes.push((
                format!("the series, to {name}"),
                none.clone().without(&stock),
            ));
        }
        if let (Some(none), Some(associated)) = (none, associated) {
            let more = associated.without(&none);
            to_task = to_task.or(Some(more.clone()));
            sizes.push((format!("an association, to {name}"), more));
        }
    }
    for addresses in [1, 2, 64] {
        let name = format!("an association of one task, {addresses} addr.");
        if let (Some(all), Some(to_task)) = (find(associated, &name), &to_task) {
            let name = format!("an association itself, {addresses} addr.");
            sizes.push((name, all.without(to_task)));
        }
    }
    sizes.iter().map(|(name, size)| line(name, size)).collect()
}

fn line(name: &str, size: &Size) -> String {
    let cache = |(number, name): &(i64, String)| {
        // The names of these have the size in them.
        let short = name
            .split(' ')
            .next()
            .filter(|it| it.starts_with("kmalloc-"));
        format!("{number:+} {}", short.unwrap_or(name))
    };
    let caches: Vec<String> = size.caches.iter().map(cache).collect();
    let (bytes, objects) = (size.bytes, size.objects);
    let caches = caches.join(", ");
    let line = format!("{name:36} {bytes:+6}, in objects {objects:+6}  {caches}");
    line.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::lines;

    #[test]
    fn an_association_is_what_its_task_does_not_have_anyway() {
        let files = [
            ("memory-none", "a task\t1000\t900\t1 a 900\n"),
            (
                "memory-associated",
                "a task\t1100\t996\t1 a 900, 1 kmalloc-96 96\n\
                 an association of one task, 1 addr.\t500\t400\t2 kmalloc-96 96, 1 c 208\n",
            ),
        ];
        let find = |name: &str| files.iter().find(|(it, _)| *it == name);
        let read = |name: &str| lines(find(name).map_or("", |it| it.1));
        assert_eq!(
            added(&read),
            [
                "an association, to a task              +100, in objects    +96  +1 kmalloc-96",
                "an association itself, 1 addr.         +400, in objects   +304  +1 kmalloc-96, +1 c 208",
            ]
        );
    }
}
