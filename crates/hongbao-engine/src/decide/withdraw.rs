//! May money leave a wallet? It is held first, while it is paid out elsewhere; then that is confirmed, or it goes back.

use hongbao_types::Timestamp;

use super::{Bug, balance, post, with_wallet};
use crate::command::{HoldWithdrawal, SettleWithdrawal};
use crate::outcome::{HoldRejection, SettleRejection, Withdrawn};
use crate::rows::Rows;
use crate::wallet::{Settled, Settlement, Withdrawal, WithdrawalState};

pub(super) fn hold(
    rows: &mut Rows,
    command: &HoldWithdrawal,
    now: Timestamp,
) -> Result<Result<Withdrawn, HoldRejection>, Bug> {
    let wallet = command.wallet();
    if let Some(first) = rows.withdrawals.get(&command.key) {
        let is_same = first.openid == command.openid && first.amount == command.amount;
        let (withdrawal, is_replay) = (first.clone(), true);
        return Ok(if is_same {
            Ok(Withdrawn { withdrawal, is_replay })
        } else {
            Err(HoldRejection::ReferenceReused(Box::new(withdrawal)))
        });
    }
    if command.amount.is_zero() {
        return Ok(Err(HoldRejection::AmountOutOfRange));
    }
    let balance = balance(rows, &wallet)?;
    if balance < command.amount {
        return Ok(Err(HoldRejection::InsufficientBalance(balance)));
    }
    let mut withdrawal = Withdrawal {
        key: command.key.clone(),
        openid: command.openid.clone(),
        amount: command.amount,
        held_at: now,
        state: WithdrawalState::Held,
        previous: None,
    };
    post(rows, &withdrawal.hold_posting())?;
    withdrawal.previous = with_wallet(rows, wallet, |wallet| {
        wallet.held = wallet.held.checked_add(command.amount).ok_or("what is held is part of the debits")?;
        Ok(wallet.newest_withdrawal.replace(command.key.reference.clone()))
    })?;
    rows.withdrawals.put(command.key.clone(), withdrawal.clone());
    Ok(Ok(Withdrawn { withdrawal, is_replay: false }))
}

pub(super) fn settle(
    rows: &mut Rows,
    command: &SettleWithdrawal,
    now: Timestamp,
) -> Result<Result<Withdrawn, SettleRejection>, Bug> {
    let known = rows.withdrawals.get(&command.key).filter(|known| known.openid == command.openid);
    let Some(mut withdrawal) = known.cloned() else { return Ok(Err(SettleRejection::NoSuchWithdrawal)) };
    let settled = Settled { reference: command.operator_reference.clone(), at: now.max(withdrawal.held_at) };
    let was = match (&withdrawal.state, command.how) {
        (WithdrawalState::Held, _) => None,
        (WithdrawalState::Confirmed(first), Settlement::Confirm)
        | (WithdrawalState::Cancelled(first), Settlement::Cancel) => Some(first.reference == settled.reference),
        (WithdrawalState::Confirmed(_), Settlement::Cancel) | (WithdrawalState::Cancelled(_), Settlement::Confirm) => {
            Some(false)
        }
    };
    match was {
        Some(true) => return Ok(Ok(Withdrawn { withdrawal, is_replay: true })),
        Some(false) => return Ok(Err(SettleRejection::AlreadySettled(Box::new(withdrawal)))),
        None => {}
    }
    withdrawal.state = match command.how {
        Settlement::Confirm => WithdrawalState::Confirmed(settled),
        Settlement::Cancel => WithdrawalState::Cancelled(settled),
    };
    post(rows, &withdrawal.settling_posting().ok_or("what was just settled is settled")?)?;
    with_wallet(rows, command.wallet(), |wallet| {
        wallet.held = wallet.held.checked_sub(withdrawal.amount).ok_or("what is settled was held")?;
        if command.how == Settlement::Confirm {
            let withdrawn = wallet.withdrawn.checked_add(withdrawal.amount);
            wallet.withdrawn = withdrawn.ok_or("what is withdrawn is part of the debits")?;
        }
        Ok(())
    })?;
    rows.withdrawals.put(command.key.clone(), withdrawal.clone());
    Ok(Ok(Withdrawn { withdrawal, is_replay: false }))
}
