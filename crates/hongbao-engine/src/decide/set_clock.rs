//! May a sandbox's clock be set? Always; it only ever goes forward, so that the same call again, or one
//! that another has overtaken, does nothing.

use hongbao_types::Timestamp;

use super::Policy;
use crate::command::SetClock;
use crate::outcome::ClockRejection;
use crate::rows::{Rows, SandboxClock};

pub(super) fn decide(
    rows: &mut Rows,
    command: SetClock,
    now: Timestamp,
    policy: &Policy,
) -> Result<(), ClockRejection> {
    if !policy.is_sandbox {
        return Err(ClockRejection::NotASandbox);
    }
    // `now` is real time plus the offset that was stored when the batch was loaded.
    let stored_offset_ms = rows.clock.stored(&()).map_or(0, |clock| clock.offset_ms);
    let step_ms = command.to.as_millis().saturating_sub(now.as_millis());
    let offset_ms = stored_offset_ms.saturating_add(step_ms);
    if rows.clock.get(&()).map_or(0, |clock| clock.offset_ms) < offset_ms {
        rows.clock.put((), SandboxClock { offset_ms });
    }
    Ok(())
}
