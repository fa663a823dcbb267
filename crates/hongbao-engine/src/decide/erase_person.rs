//! How is a person forgotten while the books stay whole? Step by step, a bounded number of rows at a time: every row that
//! has their openid gets a pseudonym in its place, which was drawn and leads back to nobody. Postings stay.
//!
//! The wallet's row says that an erasure is under way, and under which pseudonym; from then on nothing comes in. It is
//! itself renamed last, so that until then the sums of both names together are the person's. A step says where the lists
//! begin, as they were read; when one begins elsewhere nothing is done, so that deciding a step twice does no harm.

use hongbao_types::{Fen, LotteryId, OpenId, PacketId, Reference};

use super::{Bug, with_wallet};
use crate::command::{ErasePerson, ErasureStep};
use crate::ledger::Account;
use crate::limits::{Counter, CounterKey};
use crate::lottery::{Binding, BindingKey};
use crate::outcome::EraseRejection;
use crate::packet::{Claim, Packet};
use crate::rows::{ClaimKey, Rows};
use crate::wallet::{Wallet, Withdrawal, WithdrawalKey, WithdrawalState};

type Ended = Result<Result<OpenId, EraseRejection>, Bug>;

/// The pseudonym under which it goes on, or why it does not.
pub(super) fn decide(rows: &mut Rows, command: &ErasePerson) -> Ended {
    let account = rows.accounts.get(&command.wallet()).cloned().unwrap_or_default();
    match (&command.step, &account.wallet.pseudonym) {
        (ErasureStep::Begin, Some(pseudonym)) => Ok(Ok(pseudonym.clone())),
        (ErasureStep::Begin, None) => begin(rows, command, &account),
        (step, Some(pseudonym)) if *pseudonym == command.pseudonym => {
            let is_done = match step {
                ErasureStep::Begin => true,
                ErasureStep::Withdrawals(references) => withdrawals(rows, command, &account.wallet, references)?,
                ErasureStep::Entries(packets) => entries(rows, command, &account.wallet, packets)?,
                ErasureStep::Packets { payer, family, packets: ids, lotteries } => {
                    let list = command.list(payer, *family);
                    account.wallet.newest_entry.is_none() && packets(rows, command, list, ids, lotteries)?
                }
                ErasureStep::Finish => finish(rows, command, account)?,
            };
            Ok(if is_done { Ok(command.pseudonym.clone()) } else { Err(EraseRejection::Moved) })
        }
        _ => Ok(Err(EraseRejection::Moved)),
    }
}

fn begin(rows: &mut Rows, command: &ErasePerson, account: &Account) -> Ended {
    let balance = account.balance().ok_or("an account other than settlement is below zero")?;
    if !balance.is_zero() || !account.wallet.held.is_zero() {
        return Ok(Err(EraseRejection::NotEmpty { balance, held: account.wallet.held }));
    }
    if rows.accounts.get(&command.wallet_after()).is_some() || command.pseudonym == command.person.openid {
        return Err("a pseudonym is drawn, and nobody's");
    }
    let pseudonym = command.pseudonym.clone();
    with_wallet(rows, command.wallet(), |wallet| {
        wallet.pseudonym = Some(pseudonym.clone());
        Ok(())
    })?;
    Ok(Ok(pseudonym))
}

fn withdrawals(rows: &mut Rows, command: &ErasePerson, wallet: &Wallet, references: &[Reference]) -> Result<bool, Bug> {
    let mut newest = wallet.newest_withdrawal.clone();
    for reference in references {
        if newest.as_ref() != Some(reference) {
            return Ok(false);
        }
        let key = WithdrawalKey { app: command.person.app.clone(), reference: reference.clone() };
        let withdrawal = rows.withdrawals.get(&key).cloned().ok_or("a list names rows that exist")?;
        if withdrawal.state == WithdrawalState::Held {
            return Err("whoever is being erased has nothing held");
        }
        newest.clone_from(&withdrawal.previous);
        let openid = command.pseudonym.clone();
        rows.withdrawals.put(key, Withdrawal { openid, previous: None, ..withdrawal });
    }
    with_wallet(rows, command.wallet(), |wallet| {
        wallet.newest_withdrawal = newest;
        Ok(true)
    })
}

/// Shares get the pseudonym; transfers are only taken out of the list, for they stand in another one, too.
fn entries(rows: &mut Rows, command: &ErasePerson, wallet: &Wallet, packets: &[PacketId]) -> Result<bool, Bug> {
    let mut newest = wallet.newest_entry.clone();
    for id in packets {
        if newest.as_ref() != Some(id) {
            return Ok(false);
        }
        let key = |openid: &OpenId| ClaimKey { packet: id.clone(), openid: openid.clone() };
        if let Some(claim) = rows.claims.remove(&key(&command.person.openid)) {
            newest.clone_from(&claim.previous);
            let openid = command.pseudonym.clone();
            rows.claims.put(key(&command.pseudonym), Claim { openid, previous: None, ..claim });
        } else {
            let packet = rows.packet(id).cloned().ok_or("a list names rows that exist")?;
            newest.clone_from(&packet.previous_in_wallet);
            rows.update_packet(Packet { previous_in_wallet: None, ..packet });
        }
    }
    with_wallet(rows, command.wallet(), |wallet| {
        wallet.newest_entry = newest;
        Ok(true)
    })
}

fn packets(
    rows: &mut Rows,
    command: &ErasePerson,
    list: CounterKey,
    ids: &[PacketId],
    lotteries: &[LotteryId],
) -> Result<bool, Bug> {
    let Some(counter) = rows.counters.get(&list).cloned() else { return Ok(false) };
    let mut newest = counter.newest.clone();
    for id in ids {
        if newest.as_ref() != Some(id) {
            return Ok(false);
        }
        let mut packet = rows.packet(id).cloned().ok_or("a list names rows that exist")?;
        newest = packet.previous.take();
        packet.recipient = Some(command.pseudonym.clone());
        packet.texts.recipient_name = None;
        let lottery = packet.pre_order.as_ref().and_then(|pre_order| pre_order.lottery.clone());
        rows.update_packet(packet);
        if let Some(lottery) = lottery.filter(|lottery| lotteries.contains(lottery)) {
            let key = |openid: &OpenId| BindingKey { lottery: lottery.clone(), openid: openid.clone() };
            let drawn = key(&command.person.openid);
            if rows.bindings.get(&drawn).is_some_and(|binding| binding.packet == *id) {
                let binding = rows.bindings.remove(&drawn).ok_or("what was just read is there")?;
                let key = key(&command.pseudonym);
                rows.bindings.put(key.clone(), Binding { key, ..binding });
            }
        }
    }
    if newest.is_none() {
        // What they may get today is no longer known: to whom it would apply is not, either.
        rows.counters.remove(&list);
    } else {
        rows.counters.put(list, Counter { newest, ..counter });
    }
    Ok(true)
}

fn finish(rows: &mut Rows, command: &ErasePerson, account: Account) -> Result<bool, Bug> {
    if account.wallet.newest_entry.is_some() || account.wallet.newest_withdrawal.is_some() {
        return Ok(false);
    }
    if account.balance() != Some(Fen::ZERO) {
        return Err("nothing comes into a wallet that is being erased");
    }
    rows.accounts.remove(&command.wallet());
    if !account.credits.is_zero() {
        let wallet = Wallet { pseudonym: None, ..account.wallet };
        rows.accounts.put(command.wallet_after(), Account { wallet, ..account });
    }
    rows.people.remove(&command.person);
    Ok(true)
}
