//! Do foreign clients, and a merchant's own pages, take the platform for the real one? Each of them, unmodified,
//! against `hongbao dev`.

use std::path::{Path, PathBuf};

use crate::runner::{Report, Step, cargo, root, step};
use crate::tools;

/// A client: its folder in `interop/`, and what runs the tests there.
type Client = (&'static str, fn(&str, &Path) -> Result<Step, String>);

const CLIENTS: [Client; 7] = [
    ("wechatpy", python),
    ("pywe-pay", python),
    ("tenpay", node),
    ("wechatpay-axios-plugin", node),
    ("weixin-redpack", node_at_real_host),
    ("wechat-pay", node_at_real_host),
    ("browser", page),
];

/// All of them.
pub(crate) fn run(report: &mut Report) -> Result<(), String> {
    let hongbao = build()?;
    CLIENTS.iter().try_for_each(|client| try_out(report, client, &hongbao))
}

/// The one of this name.
pub(crate) fn run_one(report: &mut Report, name: &str) -> Result<(), String> {
    let names = CLIENTS.map(|(name, _)| name).join(", ");
    let client = CLIENTS.iter().find(|client| client.0 == name);
    let client = client.ok_or_else(|| format!("no such client: {name}; there are {names}"))?;
    try_out(report, client, &build()?)
}

fn build() -> Result<PathBuf, String> {
    cargo(&["build", "--package", "hongbao-cli", "--locked"]).run()?;
    let target = std::env::var("CARGO_TARGET_DIR").unwrap_or_else(|_| format!("{}/target", root()));
    Ok(Path::new(&target).join("debug/hongbao"))
}

fn try_out(report: &mut Report, (name, tests): &Client, hongbao: &Path) -> Result<(), String> {
    let folder = Path::new(root()).join("interop").join(name);
    report.count(tests(name, &folder)?.env("HONGBAO", hongbao))
}

fn python(name: &str, folder: &Path) -> Result<Step, String> {
    let python = tools::python(name, &folder.join("requirements.txt"))?;
    Ok(step(python, &[&folder.join("test_redpack.py").to_string_lossy()]))
}

fn node(name: &str, folder: &Path) -> Result<Step, String> {
    let packages = tools::node(name, folder)?;
    let (runner, tests) = (folder.with_file_name("hongbao_dev.mjs"), folder.join("test_redpack.mjs"));
    Ok(step("node", &[&runner.to_string_lossy(), &tests.to_string_lossy()]).env("NODE_PATH", packages))
}

/// For a merchant's page, which needs no packages.
fn page(_: &str, folder: &Path) -> Result<Step, String> {
    tools::recent_node()?;
    let (runner, tests) = (folder.with_file_name("hongbao_dev.mjs"), folder.join("test_page.mjs"));
    Ok(step("node", &[&runner.to_string_lossy(), &tests.to_string_lossy()]))
}

/// For a client that knows no other host than the real one: in namespaces where that is this machine.
fn node_at_real_host(name: &str, folder: &Path) -> Result<Step, String> {
    let packages = tools::node(name, folder)?;
    let (runner, tests) = (folder.with_file_name("hongbao_dev.mjs"), folder.join("test_redpack.mjs"));
    let real_host = folder.with_file_name("real_host.py");
    let (runner, tests) = (runner.to_string_lossy(), tests.to_string_lossy());
    Ok(step("python3", &[&real_host.to_string_lossy(), "node", &runner, &tests]).env("NODE_PATH", packages))
}
