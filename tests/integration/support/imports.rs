//! Which files of a crate import which, read from their text.
//!
//! A file imports another when one of its paths (in a `use`, or anywhere in its code) leads into
//! the other's module. What a parent re-exports counts as the parent's: a child that takes it from
//! there imports its parent. Declaring a child is no import, and tests are left out.

use std::collections::{BTreeMap, BTreeSet};

use walkdir::WalkDir;

use super::root;

/// The path of a module, from the crate's root on.
type Module = Vec<String>;

/// The imports of each file.
type Imports = BTreeMap<Module, BTreeSet<Module>>;

/// The files below a crate's `src` that import each other, by way of others or at once; and how
/// many files were read.
pub fn circles(folder: &str) -> (BTreeSet<String>, usize) {
    let files = read(folder);
    let imports: Imports = files
        .iter()
        .map(|(module, code)| (module.clone(), imports(module, code, &files)))
        .collect();
    let circles = imports.iter().flat_map(|(module, imported)| {
        let back = imported.iter().filter(|other| leads_to(&imports, other, module));
        back.map(|other| format!("{} imports {}", module.join("::"), other.join("::")))
    });
    (circles.collect(), files.len())
}

/// Whether imports lead from one file to another.
fn leads_to(imports: &Imports, from: &Module, to: &Module) -> bool {
    let (mut waiting, mut seen) = (vec![from], BTreeSet::new());
    while let Some(module) = waiting.pop() {
        if module == to {
            return true;
        }
        if seen.insert(module) {
            waiting.extend(&imports[module]);
        }
    }
    false
}

/// The code of each module that is a file.
fn read(folder: &str) -> BTreeMap<Module, String> {
    let folder = root().join(folder);
    let files = WalkDir::new(&folder).into_iter().map(Result::unwrap);
    let sources = files.filter(|entry| entry.path().extension().is_some_and(|it| it == "rs"));
    let modules = sources.map(|entry| {
        let path = entry.path().strip_prefix(&folder).unwrap().with_extension("");
        let mut module: Module =
            path.iter().map(|part| part.to_str().unwrap().to_owned()).collect();
        module.pop_if(|name| matches!(name.as_str(), "lib" | "main" | "mod"));
        (module, code_of(&std::fs::read_to_string(entry.path()).unwrap()))
    });
    modules.filter(|(module, _)| module.last().is_none_or(|name| name != "tests")).collect()
}

/// A file without comments, tests and declarations of children. In a module that lies inside the
/// file, `super` is the file itself.
fn code_of(text: &str) -> String {
    let mut code = String::new();
    let mut is_inner = false;
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let next = lines.peek().copied().unwrap_or_default();
        if line == "#[cfg(test)]" && next.starts_with("mod tests {") {
            break;
        }
        let line = line.split("//").next().unwrap_or_default().trim_end();
        let words: Vec<&str> = line.split_whitespace().collect();
        let is_module = matches!(words.as_slice(), ["mod", ..] | ["pub" | "pub(crate)", "mod", ..]);
        is_inner = (is_inner && line != "}") || (is_module && line.ends_with('{'));
        if is_module {
            continue;
        }
        code += &if is_inner { line.replace("super::", "self::") } else { line.to_owned() };
        code.push('\n');
    }
    code
}

/// The files that the paths of one lead into, but for itself.
fn imports(module: &Module, code: &str, files: &BTreeMap<Module, String>) -> BTreeSet<Module> {
    let is_child = |name: &str| files.contains_key(&[module.as_slice(), &[name.into()]].concat());
    let resolve = |path: &str| {
        let names: Vec<&str> = path.split("::").collect();
        let supers = names.iter().take_while(|name| **name == "super").count();
        let (start, rest) = match names[0] {
            "crate" => (Vec::new(), &names[1..]),
            "self" => (module.clone(), &names[1..]),
            "super" => (module[..module.len().checked_sub(supers)?].to_vec(), &names[supers..]),
            name if is_child(name) => (module.clone(), &names[..]),
            _ => return None,
        };
        let mut found = start;
        found.extend(rest.iter().map(|name| (*name).to_owned()));
        while !files.contains_key(&found) {
            found.pop()?;
        }
        Some(found)
    };
    let paths = paths(code);
    paths.iter().filter_map(|path| resolve(path)).filter(|found| found != module).collect()
}

/// All paths of a file; `a::{b, c::d}` is two.
fn paths(code: &str) -> Vec<String> {
    let mut paths = Vec::new();
    // What stands before each open brace of a `use`, and the path that is being read.
    let (mut prefixes, mut path) = (Vec::<String>::new(), String::new());
    for letter in code.chars() {
        if letter.is_alphanumeric() || letter == '_' || letter == ':' {
            path.push(letter);
            continue;
        }
        let whole = format!("{}{path}", prefixes.last().map_or("", String::as_str));
        match letter {
            '{' if path.ends_with("::") || !prefixes.is_empty() => prefixes.push(whole.clone()),
            '}' => drop(prefixes.pop()),
            _ => {}
        }
        if whole.contains("::") && !path.is_empty() && letter != '{' {
            paths.push(whole);
        }
        path.clear();
    }
    paths
}
