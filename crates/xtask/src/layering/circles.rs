//! Circles between the files of one crate.
//!
//! A parent and its own children may use each other, so a circle is a violation only if none of its files is an
//! ancestor of all the others. A circle that leaves a parent's folder is one, whether or not it passes the parent.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::imports::Imports;
use super::modules::Tree;

type Files = BTreeSet<usize>;

/// Returns one sentence per knot of circles, with the shortest circle in it.
pub fn violations(tree: &Tree, imports: &Imports) -> Vec<String> {
    let all = (0..tree.files.len()).collect();
    knots(tree, imports, &all).iter().filter_map(|knot| sentence(tree, imports, knot)).collect()
}

/// The sets of files in which each reaches each other, without the parents that have only children in their set.
fn knots(tree: &Tree, imports: &Imports, files: &Files) -> Vec<Files> {
    let mut knots = Vec::new();
    let mut rest = files.clone();
    while let Some(&first) = rest.first() {
        let from = reached(imports, files, first, |(from, to)| (from, to));
        let back = reached(imports, files, first, |(from, to)| (to, from));
        let mut knot: Files = from.intersection(&back).copied().collect();
        rest = rest.difference(&knot).copied().collect();
        match knot.iter().find(|&&file| knot.iter().all(|&other| is_above(tree, file, other))).copied() {
            _ if knot.len() == 1 => {}
            Some(parent) => {
                knot.remove(&parent);
                knots.extend(self::knots(tree, imports, &knot));
            }
            None => knots.push(knot),
        }
    }
    knots
}

/// Whether the file is the other one or one of its ancestors.
fn is_above(tree: &Tree, file: usize, other: usize) -> bool {
    tree.files[other].module.starts_with(&tree.files[file].module)
}

fn reached(
    imports: &Imports,
    files: &Files,
    start: usize,
    turned: fn((usize, usize)) -> (usize, usize),
) -> Files {
    let mut reached = Files::from([start]);
    let mut pending = vec![start];
    while let Some(file) = pending.pop() {
        for (from, to) in imports.keys().map(|&edge| turned(edge)) {
            if from == file && files.contains(&to) && reached.insert(to) {
                pending.push(to);
            }
        }
    }
    reached
}

/// The shortest circle through files of two branches. No file is above all of them, so there are two.
fn shortest(tree: &Tree, imports: &Imports, knot: &Files) -> Option<Vec<usize>> {
    let top = |file: usize| {
        knot.iter()
            .copied()
            .filter(|&other| is_above(tree, other, file))
            .min_by_key(|&other| tree.files[other].module.len())
    };
    let inside = |&&(from, to): &&(usize, usize)| knot.contains(&from) && knot.contains(&to);
    let crossing = imports.keys().filter(inside).filter(|&&(from, to)| top(from) != top(to));
    crossing.filter_map(|&(from, to)| path(imports, knot, to, from)).min_by_key(Vec::len)
}

/// The shortest path between two files of the knot, both included.
fn path(imports: &Imports, knot: &Files, start: usize, end: usize) -> Option<Vec<usize>> {
    let mut came_from = BTreeMap::from([(start, start)]);
    let mut pending = VecDeque::from([start]);
    while let Some(file) = pending.pop_front() {
        if file == end {
            let mut path = vec![end];
            while path[path.len() - 1] != start {
                path.push(came_from[&path[path.len() - 1]]);
            }
            path.reverse();
            return Some(path);
        }
        for &(_, to) in imports.keys().filter(|&&(from, to)| from == file && knot.contains(&to)) {
            came_from.entry(to).or_insert_with(|| {
                pending.push_back(to);
                file
            });
        }
    }
    None
}

fn sentence(tree: &Tree, imports: &Imports, knot: &Files) -> Option<String> {
    let name = |file: usize| tree.files[file].module.join("::");
    let mut circle = shortest(tree, imports, knot)?;
    let first = circle.iter().enumerate().min_by_key(|(_, file)| name(**file))?.0;
    circle.rotate_left(first);
    let mut names: Vec<_> = circle.iter().map(|&file| name(file)).collect();
    names.push(name(circle[0]));
    let edge = |(index, &from): (usize, &usize)| {
        let import = &imports[&(from, circle[(index + 1) % circle.len()])];
        format!("{}:{} names `{}`", tree.files[from].path, import.line, import.name)
    };
    let edges: Vec<_> = circle.iter().enumerate().map(edge).collect();
    let others: Vec<_> = knot.iter().filter(|file| !circle.contains(file)).map(|&file| name(file)).collect();
    let others = match others.as_slice() {
        [] => String::new(),
        others => format!("; further files in the same knot: {}", others.join(", ")),
    };
    let root = tree.files[0].path.rsplit_once('/').map_or("", |(folder, _)| folder);
    Some(format!(
        "{root}: {}: these files import each other in a circle ({}); move what both need into a file that both may import{others}",
        names.join(" -> "),
        edges.join(", "),
    ))
}

#[cfg(test)]
mod tests {
    use super::super::imports::imports;
    use super::super::testing::tree;

    fn violations(files: &[(&str, &str)]) -> Vec<String> {
        let tree = tree(files);
        super::violations(&tree, &imports(&tree))
    }

    #[test]
    fn a_circle_is_shown_with_one_import_per_edge() {
        let files = [
            ("lib.rs", "mod a; mod b; mod c; mod d; pub use c::C;"),
            ("a.rs", "use crate::b::B;\npub struct A;"),
            ("b.rs", "\nuse crate::C; pub struct B;"),
            ("c.rs", "use super::{d::D, a::A}; pub struct C;"),
            ("d.rs", "use crate::a::A; pub struct D;"),
        ];
        assert_eq!(
            violations(&files),
            [
                "crates/a/src: a -> b -> c -> a: these files import each other in a circle (crates/a/src/a.rs:1 names \
                 `crate::b::B`, crates/a/src/b.rs:2 names `crate::C`, crates/a/src/c.rs:1 names `super::a::A`); move \
                 what both need into a file that both may import; further files in the same knot: d"
            ]
        );
    }

    #[test]
    fn files_that_import_downwards_only_pass() {
        let files = [
            ("lib.rs", "mod a; mod b; mod c; pub struct Root;"),
            ("a.rs", "use crate::{b::B, c::C, Root};"),
            ("b.rs", "use crate::c::C; pub struct B;"),
            ("c.rs", "pub struct C; #[cfg(test)] mod tests { use crate::a::A; }"),
        ];
        assert!(violations(&files).is_empty());
    }

    #[test]
    fn a_parent_and_its_own_children_may_use_each_other() {
        let files = [
            ("lib.rs", "mod a; fn f() { a::run() } pub fn help() {}"),
            ("a.rs", "mod b; mod c; pub fn run() { b::step(); c::step() } pub fn help() {}"),
            ("a/b.rs", "use super::help; pub fn step() { crate::help() }"),
            ("a/c.rs", "use super::help; use super::b; pub fn step() { b::step() }"),
        ];
        assert!(violations(&files).is_empty());
    }

    #[test]
    fn children_that_import_each_other_are_a_circle_beside_their_parent() {
        let files = [
            ("lib.rs", "mod a;"),
            ("a.rs", "mod b; mod c; pub fn run() { b::step() }"),
            ("a/b.rs", "pub fn step() { super::c::step(); super::run() }"),
            ("a/c.rs", "pub fn step() { super::b::step() }"),
        ];
        let [violation] = violations(&files).try_into().unwrap();
        assert!(violation.contains(": a::b -> a::c -> a::b:"), "{violation}");
    }

    #[test]
    fn a_circle_that_leaves_the_folder_of_the_parent_is_one() {
        let files = [
            ("lib.rs", "mod a; mod d;"),
            ("a.rs", "mod b; pub fn run() { b::step() }"),
            ("a/b.rs", "pub fn step() { crate::d::step() }"),
            ("d.rs", "pub fn step() { crate::a::run() }"),
        ];
        let [violation] = violations(&files).try_into().unwrap();
        assert!(violation.contains(": a -> a::b -> d -> a:"), "{violation}");
    }
}
