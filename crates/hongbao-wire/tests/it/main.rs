//! The protocol from the outside: bytes in, bytes out, and what is refused.

#![expect(clippy::unwrap_used, reason = "helpers of tests may unwrap like the tests themselves")]

mod checks;
mod diagnose;
mod forged;
mod hostile;
mod reference;
mod replies;
mod roundtrip;
mod samples;
mod vectors;
