//! `hongbao lottery`: campaigns of the shake.

use std::process::ExitCode;

use serde_json::{Value, json};

use super::admin;
use super::show::show;
use crate::args::{LotteryArgs, LotterySetArgs};
use crate::error::Result;
use crate::output::{Output, plain, say};

pub(crate) async fn show_one(args: &LotteryArgs, output: Output) -> Result<ExitCode> {
    show(&admin(&args.profile)?.get(&path(args)).await?, output);
    Ok(ExitCode::SUCCESS)
}

pub(crate) async fn set(args: &LotterySetArgs, output: Output) -> Result<ExitCode> {
    let (admin, path) = (admin(&args.campaign.profile)?, path(&args.campaign));
    admin.patch(&path, &json!({ "win_rate_ppm": args.win_rate_ppm })).await?;
    show(&admin.get(&path).await?, output);
    Ok(ExitCode::SUCCESS)
}

/// A line for each.
pub(crate) async fn winners(args: &LotteryArgs, output: Output) -> Result<ExitCode> {
    let admin = admin(&args.profile)?;
    let mut winners = Vec::new();
    let mut after = String::new();
    loop {
        let page = admin.get(&format!("{}/bindings{after}", path(args))).await?;
        winners.extend(page["bindings"].as_array().into_iter().flatten().cloned());
        let Some(next) = page["next"].as_str() else { break };
        after = format!("?after={next}");
    }
    output.result(json!({ "winners": winners }), || {
        for winner in &winners {
            let text = |name: &str| winner[name].as_str().map(plain).unwrap_or_default();
            let fen = winner["amount_fen"].as_i64().map(Value::from).unwrap_or_default();
            say!("{}  {}  {fen} fen  {}", text("openid"), text("packet_id"), text("bound_at"));
        }
    });
    Ok(ExitCode::SUCCESS)
}

fn path(args: &LotteryArgs) -> String {
    format!("/admin/lotteries/{}", args.lottery)
}
