//! Does the time that a wrong signature takes to be refused say how much of it is right? Welch's t-test over
//! signatures whose first digits are right, and others none of whose are.

use std::fmt::Write as _;
use std::hint::black_box;
use std::time::Instant;

use hongbao_types::ApiKey;
use hongbao_wire::endpoint::SENDREDPACK;
use hongbao_wire::sign::{sign, verify};
use hongbao_wire::{Params, SignPolicy, SignType, decode};

use crate::setup::{KEY, body};

/// Of somebody else.
const OTHER_KEY: &str = "00000000000000000000000000000000";
/// How many tries of each message.
const TRIES: usize = 51;
/// How many messages.
const MESSAGES: u64 = 4000;
/// From here on, times are taken to differ (as in tests for constant time elsewhere).
const T_MAX: f64 = 4.5;

pub(crate) fn run() -> anyhow::Result<String> {
    let (key, other) = (ApiKey::try_new(KEY)?, ApiKey::try_new(OTHER_KEY)?);
    let mut random = 0x9E37_79B9_7F4A_7C15_u64;
    let mut out = format!(
        "Time of a wrong signature: Welch's t over {MESSAGES} messages of {TRIES} tries, so many first\n         digits right or as many wrong\n\n"
    );
    for digits in [1, 8, 16, 31] {
        // Both kinds in one list, in no order, each a message of its own, ending by chance: how long digits
        // take to read depends on them, on where they lie, and on what was read before.
        let messages: Vec<(usize, Params)> = (0..MESSAGES)
            .map(|number| {
                let kind = usize::from(digit(&mut random) > '7');
                let mut params = decode(body(number, &key).as_bytes())?;
                let begin = sign(SignType::Md5, &params, [&other, &key][kind]);
                let rest: String = (digits..32).map(|_| digit(&mut random)).collect();
                params.set("sign", [&begin[..digits], &rest].concat())?;
                Ok((kind, params))
            })
            .collect::<anyhow::Result<_>>()?;
        let t = welch(&messages, &key);
        let verdict = if t.abs() < T_MAX { "no difference" } else { "THEY DIFFER" };
        writeln!(out, "{digits:>2} digits   t = {t:>5.1}   {verdict}")?;
    }
    Ok(out)
}

/// The next hexadecimal digit (xorshift).
fn digit(random: &mut u64) -> char {
    *random ^= *random << 13;
    *random ^= *random >> 7;
    *random ^= *random << 17;
    char::from(b"0123456789ABCDEF"[(*random >> 60) as usize])
}

/// Over the messages, not over the tries: the tries of one message have its time in common.
fn welch(messages: &[(usize, Params)], key: &ApiKey) -> f64 {
    let mut times = vec![Vec::with_capacity(TRIES); messages.len()];
    for _ in 0..TRIES {
        for ((_, params), times) in messages.iter().zip(&mut times) {
            let start = Instant::now();
            let _ = black_box(verify(black_box(params), &SENDREDPACK, [key], SignPolicy::default()));
            times.push(start.elapsed().as_nanos() as f64);
        }
    }
    let mut kinds = [Vec::new(), Vec::new()];
    for ((kind, _), mut times) in messages.iter().zip(times) {
        // The median: what was interrupted says nothing about the code.
        times.sort_by(f64::total_cmp);
        kinds[*kind].push(times[times.len() / 2]);
    }
    let [(mean_1, error_1), (mean_2, error_2)] = kinds.map(|times| {
        let count = times.len() as f64;
        let mean = times.iter().sum::<f64>() / count;
        let variance = times.iter().map(|time| (time - mean).powi(2)).sum::<f64>() / (count - 1.0);
        (mean, variance / count)
    });
    (mean_1 - mean_2) / (error_1 + error_2).sqrt()
}
