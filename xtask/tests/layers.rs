//! Do the crates depend in one direction only? The map in ARCHITECTURE.md says what each may use of ours: from
//! top to bottom, so that nothing below is ever used by anything above.
#![expect(clippy::unwrap_used, reason = "in a test, a panic is a failure")]

use std::collections::BTreeMap;
use std::process::Command;

use serde_json::Value;

/// What stays free of surroundings: bytes and values in, bytes and values out.
const PURE: [&str; 4] = ["hongbao-types", "hongbao-wire", "hongbao-identity", "hongbao-engine"];
/// What makes I/O, time or chance of a crate that uses it.
const SURROUNDINGS: [&str; 9] =
    ["axum", "getrandom", "hyper", "rand", "reqwest", "rusqlite", "tokio", "tracing", "tempfile"];

/// Crate, and what it may use of ours, in the order of the map.
fn map() -> Vec<(String, Vec<String>)> {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../ARCHITECTURE.md")).unwrap();
    let rows = page.lines().filter_map(|line| {
        let cells: Vec<_> = line.trim_matches('|').split('|').map(str::trim).collect();
        let name = cells[0].strip_prefix('`')?.strip_suffix('`')?;
        let is_folder = name.ends_with('/');
        (!is_folder).then(|| cells.get(2).map(|uses| (name.to_owned(), (*uses).to_owned())))?
    });
    let mut map: Vec<(String, Vec<String>)> = Vec::new();
    for (name, uses) in rows {
        let above = map.iter().map(|(name, _)| name.clone());
        let uses = match uses.as_str() {
            "all" => above.collect(),
            "nothing" => Vec::new(),
            uses => uses.split(", ").map(|short| format!("hongbao-{short}")).collect(),
        };
        map.push((name, uses));
    }
    map
}

/// What each crate of the workspace is built with. Tests may look further: the engine's run over the store in memory.
fn dependencies() -> BTreeMap<String, Vec<String>> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let arguments = ["metadata", "--no-deps", "--offline", "--format-version", "1"];
    let output = Command::new(cargo).args(arguments).current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap();
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let name = |value: &Value| value["name"].as_str().unwrap().to_owned();
    let of = |package: &Value| {
        let all = package["dependencies"].as_array().unwrap().iter();
        all.filter(|dependency| dependency["kind"] != "dev").map(name).collect()
    };
    metadata["packages"].as_array().unwrap().iter().map(|package| (name(package), of(package))).collect()
}

#[test]
fn every_crate_uses_only_what_the_map_allows_and_the_map_goes_one_way() {
    let (map, dependencies) = (map(), dependencies());
    let mut above: Vec<&str> = Vec::new();
    for (name, allowed) in &map {
        for used in allowed {
            assert!(above.contains(&used.as_str()), "the map lets {name} use {used}, which is not above it");
        }
        above.push(name);
        let Some(used) = dependencies.get(name) else { continue };
        let ours = used.iter().filter(|used| dependencies.contains_key(*used));
        for used in ours {
            assert!(allowed.contains(used), "{name} uses {used}, which the map does not allow");
        }
    }
    for name in dependencies.keys() {
        assert!(above.contains(&name.as_str()), "{name} is not on the map");
    }
}

/// What holds whatever the page says.
#[test]
fn wire_and_engine_never_meet_below_the_server_and_the_sdk_does_not_know_it() {
    let dependencies = dependencies();
    let uses = |name: &str, used: &str| dependencies[name].iter().any(|other| other == used);
    for (name, never) in [
        ("hongbao-wire", "hongbao-engine"),
        ("hongbao-engine", "hongbao-wire"),
        ("hongbao-store", "hongbao-wire"),
        ("hongbao-store-sqlite", "hongbao-wire"),
        ("hongbao-store-postgres", "hongbao-wire"),
        ("hongbao-store-postgres", "hongbao-store-sqlite"),
        ("hongbao", "hongbao-server"),
        ("hongbao", "hongbao-engine"),
        ("hongbao", "hongbao-store"),
        ("hongbao-server", "hongbao-store-sqlite"),
        ("hongbao-server", "hongbao-store-postgres"),
        ("hongbao-server", "hongbao"),
    ] {
        assert!(!uses(name, never), "{name} uses {never}");
    }
    for name in ["hongbao-types", "hongbao-identity"] {
        assert!(dependencies[name].iter().all(|used| !used.starts_with("hongbao")), "{name} uses something of ours");
    }
}

#[test]
fn what_is_pure_has_no_surroundings() {
    let dependencies = dependencies();
    for name in PURE {
        for used in &dependencies[name] {
            assert!(!SURROUNDINGS.contains(&used.as_str()), "{name} uses {used}");
        }
    }
}
