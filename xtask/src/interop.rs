//! Do foreign clients take the platform for the real one? Each of them, unmodified, against
//! `hongbao dev`.

use std::path::Path;

use crate::runner::{Report, cargo, root, step};
use crate::tools;

pub(crate) fn run(report: &mut Report) -> Result<(), String> {
    cargo(&["build", "--package", "hongbao-cli", "--locked"]).run()?;
    let target = std::env::var("CARGO_TARGET_DIR").unwrap_or_else(|_| format!("{}/target", root()));
    let hongbao = Path::new(&target).join("debug/hongbao");
    let folder = Path::new(root()).join("interop/wechatpy");
    let python = tools::python("wechatpy", &folder.join("requirements.txt"))?;
    let script = folder.join("test_redpack.py");
    report.count(step(&python, &[&script.to_string_lossy()]).env("HONGBAO", hongbao))
}
