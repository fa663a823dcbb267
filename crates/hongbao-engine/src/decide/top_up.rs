//! May money come in for a merchant?

use hongbao_types::{Fen, Timestamp};

use super::{Bug, post};
use crate::command::TopUp;
use crate::ledger::{LedgerAccount, Transfer};
use crate::outcome::TopUpRejection;
use crate::rows::Rows;

/// The most that may have come in: half of what a sum can hold. What is ever sent is bounded alike, so
/// that what goes back into funds later always fits.
const SUM_MAX: Fen = Fen::HALF;

pub(super) fn decide(
    rows: &mut Rows,
    command: &TopUp,
    now: Timestamp,
) -> Result<Result<Transfer, TopUpRejection>, Bug> {
    if let Some(first) = rows.transfers.get(&command.key()) {
        let is_same = first.merchant == command.merchant && first.amount == command.amount;
        return Ok(if is_same { Ok(first.clone()) } else { Err(TopUpRejection::ReferenceReused(first.clone())) });
    }
    if rows.merchants.get(&command.merchant).is_none() {
        return Ok(Err(TopUpRejection::NoSuchMerchant(command.merchant.clone())));
    }
    let settlement = rows.accounts.get(&LedgerAccount::Settlement).cloned().unwrap_or_default();
    let funds = LedgerAccount::MerchantFunds(command.merchant.clone());
    let funds = rows.accounts.get(&funds).cloned().unwrap_or_default();
    let fits = |sum: Fen| sum.checked_add(command.amount).is_some_and(|sum| sum <= SUM_MAX);
    let fits = fits(settlement.debits) && fits(funds.credits);
    if command.amount.is_zero() || !fits {
        return Ok(Err(TopUpRejection::AmountOutOfRange));
    }
    let transfer = Transfer { key: command.key(), merchant: command.merchant.clone(), amount: command.amount, at: now };
    post(rows, &transfer.posting())?;
    rows.transfers.put(command.key(), transfer.clone());
    Ok(Ok(transfer))
}
