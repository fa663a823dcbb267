//! Does this code still say who a person is? Once, and only for five minutes.

use hongbao_types::Timestamp;

use crate::code::{CODE_REMEMBERED_MS, RedeemedCode};
use crate::command::RedeemCode;
use crate::outcome::RedeemRejection;
use crate::rows::Rows;

pub(super) fn decide(rows: &mut Rows, command: RedeemCode, now: Timestamp) -> Result<(), RedeemRejection> {
    let RedeemCode { code, attempt } = command;
    // An attempt whose commit's answer was lost finds itself.
    if let Some(first) = rows.codes.get(&code) {
        return if first.attempt == attempt { Ok(()) } else { Err(RedeemRejection::Used) };
    }
    if code.is_expired(now) {
        return Err(RedeemRejection::Expired);
    }
    rows.codes_over_before = Some(now.plus_millis(-CODE_REMEMBERED_MS));
    rows.codes.put(code, RedeemedCode { key: code, attempt });
    Ok(())
}
