//! `hongbao sandbox`: what only a sandbox has. Turning the clock also does what the time passed brings.

use std::process::ExitCode;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::admin;
use crate::args::ClockArgs;
use crate::error::{Explain, Failure, Result};
use crate::output::{Output, say};

pub(crate) async fn clock(args: ClockArgs, output: Output) -> Result<ExitCode> {
    let to = args.to.as_deref().map(target).transpose()?;
    let admin = admin(&args.profile)?;
    let now = now(&admin.get("/admin/clock").await?)?;
    let Some(to) = to else {
        output.result(json!({ "now": now.to_string() }), || say!("clock       {now}"));
        return Ok(ExitCode::SUCCESS);
    };
    // The call names a time, not a step: made twice, it turns the clock once.
    let to = to.seen_from(now)?;
    let shown = admin.put("/admin/clock", &json!({ "to": to.to_string() })).await?;
    let now = self::now(&shown)?;
    let mut object = json!({ "now": now.to_string() });
    if !args.no_expire {
        let expired = admin.post("/admin/expire", &Value::Null).await?;
        object["refunded"] = expired["refunded"].clone();
        object["failed"] = expired["failed"].clone();
    }
    output.result(&object, || {
        say!("clock       {now}");
        if !args.no_expire {
            say!("expired     {} refunded, {} failed", object["refunded"], object["failed"]);
        }
    });
    Ok(ExitCode::SUCCESS)
}

fn now(reply: &Value) -> Result<Timestamp> {
    reply["now"].as_str().unwrap_or_default().parse().explain("the platform's time makes no sense")
}

/// Where the clock is to be turned.
enum Target {
    /// So far from where it is.
    Step(SignedDuration),
    /// To this time.
    Time(Timestamp),
}

fn target(text: &str) -> Result<Target> {
    let target = match text.strip_prefix('+') {
        Some(step) => step.parse().map(Target::Step),
        None => text.parse().map(Target::Time),
    };
    target.map_err(|_| {
        Failure::new(format!("not a time: {text:?}"))
            .hint("say how far (+24h, +30m, +10s) or to when (2014-11-11T12:00:00+08:00)")
    })
}

impl Target {
    fn seen_from(&self, now: Timestamp) -> Result<Timestamp> {
        match self {
            Target::Step(step) => now.checked_add(*step).explain("there is no such time"),
            Target::Time(time) => Ok(*time),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_counts_from_the_platforms_time() {
        let now: Timestamp = "2014-11-11T12:00:00+08:00".parse().unwrap();
        let turned = |text| target(text).unwrap().seen_from(now).unwrap().to_string();
        assert_eq!(turned("+24h"), "2014-11-12T04:00:00Z");
        assert_eq!(turned("2014-11-11T13:00:00+08:00"), "2014-11-11T05:00:00Z");
        assert!(target("tomorrow").is_err());
        assert!(target("+").is_err());
        assert!(target("+9999999h").unwrap().seen_from(Timestamp::MAX).is_err());
    }
}
