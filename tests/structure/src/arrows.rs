// SPDX-License-Identifier: GPL-2.0

//! Reads from the source which module uses which.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use syn::visit::{self, Visit};
use syn::UseTree;

/// Each module, and the modules that it uses.
pub type Arrows = BTreeMap<String, BTreeSet<String>>;

/// The arrows between the modules of the crate in `src`, without the crate's root,
/// which uses them all. The files of `open` folders are modules of their own; each other
/// folder is one module.
///
/// # Errors
///
/// Fails if a file cannot be read, or is not Rust.
pub fn read(src: &Path, open: &[&str]) -> io::Result<Arrows> {
    let mut files = Vec::new();
    find(src, &mut files)?;
    let mut arrows = Arrows::new();
    for file in &files {
        let path = path_of(file.strip_prefix(src).expect("it was found there"));
        if path.is_empty() {
            continue;
        }
        let text = fs::read_to_string(file)?;
        let parsed = syn::parse_file(&text).map_err(|e| io::Error::other(format!("{e}")))?;
        let mut uses = Uses {
            path: &path,
            children: children(&parsed),
            found: BTreeSet::new(),
        };
        uses.visit_file(&parsed);
        let from = module(&path, open);
        let to = uses.found.iter().map(|to| module(to, open));
        let others = to.filter(|to| *to != from);
        arrows.entry(from.clone()).or_default().extend(others);
    }
    Ok(arrows)
}

/// Finds all Rust files except tests.
fn find(dir: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() {
            if !path.ends_with("tests") {
                find(&path, files)?;
            }
        } else if path.extension().is_some_and(|e| e == "rs") {
            files.push(path);
        }
    }
    Ok(())
}

/// The segments of a file's module path; none for the root of the crate.
fn path_of(file: &Path) -> Vec<String> {
    let file = file.with_extension("");
    let segments = file.iter().map(|s| s.to_string_lossy().into_owned());
    segments
        .filter(|s| s != "mod" && s != "main" && !s.ends_with("_main"))
        .collect()
}

/// The module that a path is in: two segments in an open folder, one elsewhere.
fn module(path: &[String], open: &[&str]) -> String {
    let depth = if open.contains(&path[0].as_str()) {
        2
    } else {
        1
    };
    path.iter()
        .take(depth)
        .cloned()
        .collect::<Vec<_>>()
        .join("::")
}

/// The modules that a file declares.
fn children(file: &syn::File) -> BTreeSet<String> {
    let names = file.items.iter().filter_map(|item| match item {
        syn::Item::Mod(module) => Some(module.ident.to_string()),
        _ => None,
    });
    names.collect()
}

/// Whether an attribute is `#[cfg(test)]`.
fn is_for_tests(attribute: &syn::Attribute) -> bool {
    let condition = attribute.parse_args::<syn::Path>();
    attribute.path().is_ident("cfg") && condition.is_ok_and(|path| path.is_ident("test"))
}

/// Collects what a file uses.
struct Uses<'a> {
    path: &'a [String],
    children: BTreeSet<String>,
    found: BTreeSet<Vec<String>>,
}

impl Uses<'_> {
    /// Notes a path from the source, if it leads to a module of the crate.
    fn note(&mut self, written: &[String]) {
        let mut absolute = match written[0].as_str() {
            "crate" => Vec::new(),
            "super" => self.path[..self.path.len() - 1].to_vec(),
            child if self.children.contains(child) => [self.path, &written[..1]].concat(),
            _ => return,
        };
        for segment in &written[1..] {
            match segment.as_str() {
                "super" => drop(absolute.pop()),
                // A type is no module. Functions and macros are taken for one, but
                // `module()` cuts them off behind the module that they are in.
                name if name.starts_with(char::is_uppercase) => break,
                "self" => break,
                name => absolute.push(name.to_owned()),
            }
        }
        if !absolute.is_empty() {
            self.found.insert(absolute);
        }
    }

    fn note_tree(&mut self, before: &mut Vec<String>, tree: &UseTree) {
        match tree {
            UseTree::Path(path) => {
                before.push(path.ident.to_string());
                self.note_tree(before, &path.tree);
                before.pop();
            }
            UseTree::Name(name) => self.note_leaf(before, name.ident.to_string()),
            UseTree::Rename(name) => self.note_leaf(before, name.ident.to_string()),
            UseTree::Glob(_) => self.note(before),
            UseTree::Group(group) => {
                for tree in &group.items {
                    self.note_tree(before, tree);
                }
            }
        }
    }

    fn note_leaf(&mut self, before: &[String], leaf: String) {
        let mut whole = before.to_vec();
        whole.push(leaf);
        self.note(&whole);
    }
}

impl<'ast> Visit<'ast> for Uses<'_> {
    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.note_tree(&mut Vec::new(), &item.tree);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let written: Vec<_> = path.segments.iter().map(|s| s.ident.to_string()).collect();
        self.note(&written);
        visit::visit_path(self, path);
    }

    // Tests within a file do not belong to the module, as those in a folder do not.
    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        if !module.attrs.iter().any(is_for_tests) {
            visit::visit_item_mod(self, module);
        }
    }

    // `pub(in crate::table)` says who may use this, not what this uses.
    fn visit_visibility(&mut self, _: &'ast syn::Visibility) {}
}
