//! `hongbao sandbox`: what only a sandbox has. Turning the clock also does what the time passed brings.

use std::process::ExitCode;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::admin;
use crate::args::ClockArgs;
use crate::error::{Explain, Failure, Result};

pub(crate) async fn clock(args: ClockArgs) -> Result<ExitCode> {
    let admin = admin(&args.profile)?;
    let now = now(&admin.get("/admin/clock").await?)?;
    let Some(to) = args.to else {
        println!("clock       {now}");
        return Ok(ExitCode::SUCCESS);
    };
    // The call names a time, not a step: made twice, it turns the clock once.
    let to = target(&to, now)?;
    let shown = admin.put("/admin/clock", &json!({ "to": to.to_string() })).await?;
    println!("clock       {}", self::now(&shown)?);
    if !args.no_expire {
        let expired = admin.post("/admin/expire", &Value::Null).await?;
        println!("expired     {} refunded, {} failed", expired["refunded"], expired["failed"]);
    }
    Ok(ExitCode::SUCCESS)
}

fn now(reply: &Value) -> Result<Timestamp> {
    reply["now"].as_str().unwrap_or_default().parse().explain("the platform's time makes no sense")
}

fn target(text: &str, now: Timestamp) -> Result<Timestamp> {
    let wrong = || {
        Failure::new(format!("not a time: {text:?}"))
            .hint("say how far (+24h, +30m, +10s) or to when (2014-11-11T12:00:00+08:00)")
    };
    match text.strip_prefix('+') {
        Some(step) => {
            let step: SignedDuration = step.parse().map_err(|_| wrong())?;
            now.checked_add(step).map_err(|_| wrong())
        }
        None => text.parse().map_err(|_| wrong()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_counts_from_the_platforms_time() {
        let now: Timestamp = "2014-11-11T12:00:00+08:00".parse().unwrap();
        assert_eq!(target("+24h", now).unwrap().to_string(), "2014-11-12T04:00:00Z");
        assert_eq!(target("2014-11-11T13:00:00+08:00", now).unwrap().to_string(), "2014-11-11T05:00:00Z");
        assert!(target("tomorrow", now).is_err());
        assert!(target("+", now).is_err());
    }
}
