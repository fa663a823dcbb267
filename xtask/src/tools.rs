//! What do the tests need that is not Rust? Installed where that is allowed; otherwise it is said
//! clearly what to install.

use std::path::{Path, PathBuf};

use crate::runner::{cargo, root, step};

/// The Python of an environment in `target/`, with what `requirements` lists.
pub(crate) fn python(name: &str, requirements: &Path) -> Result<PathBuf, String> {
    let folder = PathBuf::from(root()).join("target/interop").join(name);
    let python = folder.join("bin/python");
    let stamp = folder.join("requirements.txt");
    let wanted = std::fs::read(requirements).map_err(|error| format!("{}: {error}", requirements.display()))?;
    if std::fs::read(&stamp).is_ok_and(|installed| installed == wanted) && step(&python, &["--version"]).succeeds() {
        return Ok(python);
    }
    if !step("python3", &["-c", "import venv, ensurepip, tomllib"]).succeeds() {
        debian_packages(&["python3", "python3-venv"], "Python 3.11 or later with venv")?;
    }
    let folder = folder.to_string_lossy();
    step("python3", &["-m", "venv", "--clear", &folder]).run()?;
    let requirements = requirements.to_string_lossy();
    let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement", &requirements];
    step(&python, &pip).run()?;
    std::fs::write(&stamp, wanted).map_err(|error| format!("{}: {error}", stamp.display()))?;
    Ok(python)
}

/// The packages that the lock file in `folder` lists, in `target/`: a folder for `NODE_PATH`.
pub(crate) fn node(name: &str, folder: &Path) -> Result<PathBuf, String> {
    recent_node()?;
    let target = PathBuf::from(root()).join("target/interop").join(name);
    let packages = target.join("node_modules");
    // npm begins by removing what is there, so that the stamp is gone until all is installed.
    let stamp = packages.join("package-lock.json");
    let lock = folder.join("package-lock.json");
    let wanted = std::fs::read(&lock).map_err(|error| format!("{}: {error}", lock.display()))?;
    if std::fs::read(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(packages);
    }
    std::fs::create_dir_all(&target).map_err(|error| format!("{}: {error}", target.display()))?;
    for file in ["package.json", "package-lock.json", ".npmrc"] {
        std::fs::copy(folder.join(file), target.join(file)).map_err(|error| format!("{name}/{file}: {error}"))?;
    }
    // No package's own scripts: what is tried is what they publish.
    let target = target.to_string_lossy();
    step("npm", &["ci", "--prefix", &target, "--no-audit", "--no-fund", "--ignore-scripts"]).run()?;
    std::fs::write(&stamp, wanted).map_err(|error| format!("{}: {error}", stamp.display()))?;
    Ok(packages)
}

/// Node.js with npm.
pub(crate) fn recent_node() -> Result<(), String> {
    let is_recent = "process.exit(parseInt(process.versions.node) >= 18 ? 0 : 1)";
    if !step("node", &["-e", is_recent]).succeeds() || !step("npm", &["--version"]).succeeds() {
        debian_packages(&["nodejs", "npm"], "Node.js 18 or later with npm")?;
    }
    Ok(())
}

/// PostgreSQL, a cluster of it that fails over, and a pooler.
pub(crate) fn databases() -> Result<(), String> {
    // Debian keeps PostgreSQL's programs out of the path, and the pooler out of an ordinary user's. Patroni's package does
    // not bring what it speaks to etcd with: its own Python is asked.
    let are_there = r#"{ command -v initdb || ls /usr/lib/postgresql/*/bin/initdb; } && command -v etcd &&
        { command -v pgbouncer || ls /usr/sbin/pgbouncer; } && patroni=$(command -v patroni) &&
        $(sed -n '1s/^#!//p' "$patroni") -c 'import patroni.dcs.etcd3, psycopg2'"#;
    if step("sh", &["-c", are_there]).succeeds() {
        return Ok(());
    }
    let packages = ["postgresql", "patroni", "python3-etcd", "python3-psycopg2", "etcd-server", "pgbouncer"];
    // Each would start a server of its own; the tests start theirs, on other ports.
    debian_packages(&packages, "PostgreSQL 15 or later, Patroni, etcd and pgbouncer")
}

/// cargo-deny, built in `target/`: the one thing that is built only for looking at the others.
pub(crate) fn cargo_deny() -> Result<PathBuf, String> {
    const VERSION: &str = "0.20.2";
    let folder = PathBuf::from(root()).join("target/tools");
    let program = folder.join("bin/cargo-deny");
    let is_there = std::fs::read_to_string(folder.join(".crates.toml"))
        .is_ok_and(|installed| installed.contains(&format!("\"cargo-deny {VERSION} ")));
    if !is_there || !step(&program, &["--version"]).succeeds() {
        let root = folder.to_string_lossy();
        // Without its own optimisations: it looks for a second, and would be built for minutes.
        let how = ["--locked", "--debug", "--no-default-features", "--root", &root];
        cargo(&[&["install", "cargo-deny", "--version", VERSION], &how[..]].concat()).run()?;
    }
    Ok(program)
}

/// Installs Debian packages when this is a Debian and we are root.
fn debian_packages(names: &[&str], what: &str) -> Result<(), String> {
    let advice = format!("install {what} (on Debian: apt-get install {})", names.join(" "));
    let is_root = step("sh", &["-c", "test \"$(id -u)\" = 0"]).succeeds();
    if !is_root || !step("apt-get", &["--version"]).succeeds() {
        return Err(advice);
    }
    let lock = "DPkg::Lock::Timeout=300";
    step("apt-get", &["-o", lock, "update", "--quiet"]).run().map_err(|error| format!("{error}; {advice}"))?;
    let mut arguments = vec!["-o", lock, "install", "--yes", "--no-install-recommends"];
    arguments.extend(names);
    step("apt-get", &arguments)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .run()
        .map_err(|error| format!("{error}; {advice}"))
}
