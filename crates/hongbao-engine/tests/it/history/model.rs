//! The engine as a newcomer would write it: one call after another, all money as a sum over all
//! that ever happened.

use std::collections::HashMap;

use hongbao_engine::command::{
    ClaimShare, ClaimWay, Command, ExpirePacket, HoldWithdrawal, PutApp, PutMerchant, SendPacket, SetClock,
    SettleWithdrawal, TopUp,
};
use hongbao_engine::decide::Policy;
use hongbao_engine::directory::{App, Merchant};
use hongbao_engine::draw::DrawRule;
use hongbao_engine::ledger::Transfer;
use hongbao_engine::outcome::{
    Accepted, ClaimRejection, Claimed, Difference, Expired, HoldRejection, Outcome, PutRejection, SendOutcome,
    SendRejection, SettleRejection, TopUpRejection, Withdrawn,
};
use hongbao_engine::packet::{BillKey, Claim, Decline, Due, Family, PacketStatus, Product};
use hongbao_engine::wallet::{Settled, Settlement, Withdrawal, WithdrawalKey, WithdrawalState};
use hongbao_types::{AppId, Fen, MerchantId, OpenId, PacketId, Reference, Timestamp};

use crate::{DAY_MS, HOUR_MS, MINUTE_MS};

/// All that ever happened.
pub(super) struct Model {
    policy: Policy,
    pub(super) merchants: HashMap<MerchantId, Merchant>,
    pub(super) apps: HashMap<AppId, App>,
    transfers: HashMap<Reference, Transfer>,
    /// In the order in which they were asked for.
    withdrawals: Vec<Withdrawal>,
    packets: HashMap<BillKey, Known>,
    sends: Vec<Counted>,
    /// What came into whose wallet, in order.
    entries: Vec<(OpenId, PacketId)>,
    /// Which packet was for whom, in order.
    sent: Vec<(MerchantId, Family, OpenId, PacketId)>,
    /// How far the sandbox's clock is ahead.
    pub(super) offset_ms: i64,
    /// The offset when the batch in work was loaded.
    pub(super) offset_ms_loaded: i64,
}

/// A packet, as it was first asked for, and what has become of it.
struct Known {
    first: SendPacket,
    fate: Fate,
    sent_at: Timestamp,
    /// When it fails, or expires.
    over_at: Timestamp,
    /// No earlier than this is it for this packet.
    latest: Timestamp,
    /// What its shares are, in the order of opening, and who opened them so far.
    shares: Vec<Fen>,
    claims: Vec<Claim>,
}

#[derive(Clone)]
enum Fate {
    Landed(Decline),
    Failed(Decline),
    Waiting,
    Opened,
    /// A transfer: it was in the wallet at once.
    Paid,
    WentBack(Timestamp),
}

/// A send that was accepted or landed.
struct Counted {
    payer: MerchantId,
    family: Family,
    app: AppId,
    recipient: Option<OpenId>,
    minute: i64,
    day_of_payer: i64,
    /// When accepted: the recipient's day, and the money.
    accepted: Option<(i64, i64)>,
}

fn day(time: Timestamp) -> i64 {
    (time.as_millis() + 8 * HOUR_MS).div_euclid(DAY_MS)
}

impl Known {
    /// What nobody opened.
    fn rest(&self) -> Fen {
        let opened: i64 = self.claims.iter().map(|claim| claim.amount.as_i64()).sum();
        Fen::try_new(self.first.total.as_i64() - opened).expect("no more was opened than was sent")
    }

    fn is_over(&self, now: Timestamp) -> bool {
        now >= self.over_at || self.latest >= self.over_at
    }
}

impl Model {
    pub(super) fn new(policy: Policy) -> Model {
        Model {
            policy,
            merchants: HashMap::new(),
            apps: HashMap::new(),
            transfers: HashMap::new(),
            withdrawals: Vec::new(),
            packets: HashMap::new(),
            sends: Vec::new(),
            entries: Vec::new(),
            sent: Vec::new(),
            offset_ms: 0,
            offset_ms_loaded: 0,
        }
    }

    pub(super) fn decide(&mut self, command: &Command, now: Timestamp) -> Outcome {
        match command {
            Command::SendPacket(send) => Outcome::Send(self.send(send, now)),
            Command::ClaimShare(claim) => Outcome::Claim(self.claim(claim, now)),
            Command::ExpirePacket(expire) => Outcome::Expire(self.expire(expire, now)),
            Command::TopUp(top_up) => Outcome::TopUp(self.top_up(top_up, now)),
            Command::PutMerchant(put) => Outcome::Put(self.put_merchant(put)),
            Command::PutApp(put) => Outcome::Put(self.put_app(put)),
            Command::HoldWithdrawal(hold) => Outcome::Hold(self.hold(hold, now)),
            Command::SettleWithdrawal(settle) => Outcome::Settle(self.settle(settle, now)),
            Command::SetClock(set) => {
                self.set_clock(*set, now);
                Outcome::Clock(Ok(()))
            }
            Command::PutPerson(_)
            | Command::PutLottery(_)
            | Command::FillLottery(_)
            | Command::BindPrize(_)
            | Command::RedeemCode(_)
            | Command::ErasePerson(_) => unreachable!("no history has one"),
        }
    }

    fn send(&mut self, send: &SendPacket, now: Timestamp) -> SendOutcome {
        if let Some(answer) = self.answer(send, now) {
            return answer;
        }
        let known = self.packets.get(&send.bill);
        let latest = known.map_or(now, |known| known.latest.max(now));
        let first = known.map_or(send, |known| &known.first).clone();
        let over_at = known.map_or(now.plus_millis(self.policy.fails_after_ms), |known| known.over_at);

        let family = send.bill.family;
        let of_payer = || self.sends.iter().filter(|c| (&c.payer, c.family) == (&send.payer, family));
        let to_recipient =
            || of_payer().filter(|counted| (&counted.app, &counted.recipient) == (&send.app, &send.recipient));
        let minute = latest.as_millis().div_euclid(MINUTE_MS).max(of_payer().map(|c| c.minute).max().unwrap_or(0));
        let day_of_payer = day(latest).max(of_payer().map(|c| c.day_of_payer).max().unwrap_or(0));
        let days = || to_recipient().filter_map(|counted| counted.accepted);
        let day_of_recipient = day(latest).max(days().map(|(day, _)| day).max().unwrap_or(0));
        let today: Vec<i64> = days().filter(|(day, _)| *day == day_of_recipient).map(|(_, fen)| fen).collect();
        let payers_today = of_payer().filter(|c| c.day_of_payer == day_of_payer).filter_map(|c| c.accepted);

        let merchant = &self.merchants[&send.payer];
        let limits = &merchant.limits;
        // What each share would be, times three, so that no fen is lost.
        let thrice = first.total.as_i64() * 3 / i64::from(first.share_count);
        let is_below = |bound: Fen| first.product != Product::Transfer && thrice < bound.as_i64() * 3;
        let is_above = |bound: Fen| first.product != Product::Transfer && thrice > bound.as_i64() * 3;
        let needs_scene = is_below(limits.scene_below) || is_above(limits.scene_above);
        let is_nothing = first.total == Fen::ZERO;
        let rejection = if is_nothing || is_below(limits.amount_min) || is_above(limits.amount_max) {
            Some(SendRejection::AmountOutOfRange { min: limits.amount_min, max: limits.amount_max })
        } else if needs_scene && first.texts.scene.is_none() {
            Some(SendRejection::SceneRequired)
        } else if of_payer().filter(|c| c.minute == minute).count() >= limits.packets_per_minute as usize {
            Some(SendRejection::PacketsPerMinute)
        } else {
            None
        };
        if let Some(rejection) = rejection {
            return SendOutcome::Rejected(rejection);
        }
        let total = first.total.as_i64();
        let decline = if merchant.frozen {
            Some(Decline::Frozen)
        } else if today.len() >= limits.recipient_packets_per_day as usize {
            Some(Decline::RecipientPacketsPerDay)
        } else if today.iter().sum::<i64>() + total > limits.recipient_amount_per_day.as_i64() {
            Some(Decline::RecipientAmountPerDay)
        } else if payers_today.map(|(_, fen)| fen).sum::<i64>() + total > limits.amount_per_day.as_i64() {
            Some(Decline::AmountPerDay)
        } else if self.funds(&send.payer) < total {
            Some(Decline::InsufficientFunds)
        } else {
            None
        };

        let accepted = decline.is_none().then_some((day_of_recipient, total));
        let (payer, app, recipient) = (send.payer.clone(), send.app.clone(), send.recipient.clone());
        self.sends.push(Counted { payer, family, app, recipient, minute, day_of_payer, accepted });
        let packet = first.packet_id.clone();
        let (fate, over_at, outcome) = if let Some(decline) = decline {
            (Fate::Landed(decline), over_at, SendOutcome::Declined(decline))
        } else {
            let accepted = Accepted { packet, sent_at: latest, is_replay: false };
            let fate = if first.product == Product::Transfer { Fate::Paid } else { Fate::Waiting };
            if first.product == Product::Transfer {
                self.entries.push((first.recipient.clone().expect("a recipient"), first.packet_id.clone()));
            }
            (fate, latest.plus_millis(self.policy.expires_after_ms), SendOutcome::Accepted(accepted))
        };
        if known.is_none() {
            let recipient = first.recipient.clone().expect("a recipient");
            self.sent.push((first.payer.clone(), family, recipient, first.packet_id.clone()));
        }
        let shares = known.map_or_else(|| shares(&first, merchant.draw_rule), |known| known.shares.clone());
        let known = Known { first, fate, sent_at: latest, over_at, latest, shares, claims: Vec::new() };
        self.packets.insert(send.bill.clone(), known);
        outcome
    }

    /// The answer to a call whose bill number is taken, unless it is to be decided anew.
    fn answer(&self, send: &SendPacket, now: Timestamp) -> Option<SendOutcome> {
        let known = self.packets.get(&send.bill)?;
        let rejection = if known.first.recipient != send.recipient {
            SendRejection::BillNoReused(Difference::Recipient)
        } else if known.first.total != send.total {
            SendRejection::BillNoReused(Difference::Total)
        } else if known.first.payer != send.payer {
            SendRejection::BillNoReused(Difference::Terms)
        } else {
            match known.fate {
                Fate::Landed(_) if !known.is_over(now) => return None,
                Fate::Landed(_) | Fate::Failed(_) => SendRejection::BillNoFailed,
                Fate::Waiting | Fate::Opened | Fate::Paid | Fate::WentBack(_) => {
                    let packet = known.first.packet_id.clone();
                    return Some(SendOutcome::Accepted(Accepted { packet, sent_at: known.sent_at, is_replay: true }));
                }
            }
        };
        Some(SendOutcome::Rejected(rejection))
    }

    fn claim(&mut self, claim: &ClaimShare, now: Timestamp) -> Result<Claimed, ClaimRejection> {
        let found = self.packets.values_mut().find(|known| known.first.packet_id == claim.packet);
        let known = found.filter(|known| known.first.app == claim.app).ok_or(ClaimRejection::NoSuchPacket)?;
        if let Some(first) = known.claims.iter().find(|first| first.openid == claim.openid) {
            return Ok(Claimed { claim: first.clone(), is_shared: known.shares.len() > 1, is_replay: true });
        }
        if known.first.product == Product::Transfer {
            return Err(ClaimRejection::NotThisWay);
        }
        let is_first = known.first.recipient.as_ref() == Some(&claim.openid);
        let has_come_by_link = known.shares.len() > 1 && claim.way == ClaimWay::Link;
        if !is_first && !has_come_by_link {
            return Err(ClaimRejection::NotTheRecipient);
        }
        match &known.fate {
            Fate::Landed(_) | Fate::Failed(_) => Err(ClaimRejection::NotSent),
            Fate::Opened => Err(ClaimRejection::Exhausted),
            Fate::WentBack(_) => Err(ClaimRejection::Refunded),
            Fate::Paid => unreachable!("nobody claims a transfer"),
            Fate::Waiting if known.is_over(now) => Err(ClaimRejection::Expired),
            Fate::Waiting if !is_first && known.claims.is_empty() => Err(ClaimRejection::NotShared),
            Fate::Waiting => {
                known.latest = known.latest.max(now);
                let place = known.claims.len();
                let claim = Claim {
                    packet: claim.packet.clone(),
                    app: claim.app.clone(),
                    openid: claim.openid.clone(),
                    index: u32::try_from(place).expect("a small number"),
                    amount: known.shares[place],
                    claimed_at: known.latest,
                    previous: self
                        .entries
                        .iter()
                        .rfind(|(openid, _)| *openid == claim.openid)
                        .map(|(_, id)| id.clone()),
                };
                known.claims.push(claim.clone());
                self.entries.push((claim.openid.clone(), claim.packet.clone()));
                if known.claims.len() == known.shares.len() {
                    known.fate = Fate::Opened;
                }
                Ok(Claimed { claim, is_shared: known.shares.len() > 1, is_replay: false })
            }
        }
    }

    fn expire(&mut self, expire: &ExpirePacket, now: Timestamp) -> Expired {
        let found = self.packets.values_mut().find(|known| known.first.packet_id == expire.due.packet);
        let known = found.expect("only packets that are there expire");
        let is_over = known.is_over(now);
        match known.fate {
            Fate::Failed(_) | Fate::Opened | Fate::Paid | Fate::WentBack(_) => Expired::AlreadyDone,
            Fate::Landed(_) | Fate::Waiting if !is_over => Expired::NotYet,
            Fate::Landed(decline) => {
                known.latest = known.latest.max(now);
                known.fate = Fate::Failed(decline);
                Expired::Failed
            }
            Fate::Waiting => {
                known.latest = known.latest.max(now);
                known.fate = Fate::WentBack(known.latest);
                Expired::Refunded(known.rest())
            }
        }
    }

    fn top_up(&mut self, top_up: &TopUp, now: Timestamp) -> Result<Transfer, TopUpRejection> {
        if let Some(first) = self.transfers.get(&top_up.reference) {
            let is_same = (&first.merchant, first.amount) == (&top_up.merchant, top_up.amount);
            return if is_same { Ok(first.clone()) } else { Err(TopUpRejection::ReferenceReused(first.clone())) };
        }
        if top_up.amount == Fen::ZERO {
            return Err(TopUpRejection::AmountOutOfRange);
        }
        let transfer =
            Transfer { key: top_up.key(), merchant: top_up.merchant.clone(), amount: top_up.amount, at: now };
        self.transfers.insert(top_up.reference.clone(), transfer.clone());
        Ok(transfer)
    }

    fn known_withdrawal(&mut self, key: &WithdrawalKey) -> Option<&mut Withdrawal> {
        self.withdrawals.iter_mut().find(|withdrawal| withdrawal.key == *key)
    }

    fn hold(&mut self, hold: &HoldWithdrawal, now: Timestamp) -> Result<Withdrawn, HoldRejection> {
        if let Some(first) = self.known_withdrawal(&hold.key).cloned() {
            let is_same = (&first.openid, first.amount) == (&hold.openid, hold.amount);
            let replay = Withdrawn { withdrawal: first.clone(), is_replay: true };
            return if is_same { Ok(replay) } else { Err(HoldRejection::ReferenceReused(Box::new(first))) };
        }
        let balance = self.wallet(&hold.openid);
        if hold.amount == Fen::ZERO {
            return Err(HoldRejection::AmountOutOfRange);
        } else if balance < hold.amount.as_i64() {
            return Err(HoldRejection::InsufficientBalance(Fen::try_new(balance).expect("not overdrawn")));
        }
        let newest = self.withdrawals.iter().rfind(|withdrawal| withdrawal.openid == hold.openid);
        let withdrawal = Withdrawal {
            key: hold.key.clone(),
            openid: hold.openid.clone(),
            amount: hold.amount,
            held_at: now,
            state: WithdrawalState::Held,
            previous: newest.map(|newest| newest.key.reference.clone()),
        };
        self.withdrawals.push(withdrawal.clone());
        Ok(Withdrawn { withdrawal, is_replay: false })
    }

    fn settle(&mut self, settle: &SettleWithdrawal, now: Timestamp) -> Result<Withdrawn, SettleRejection> {
        let known = self.known_withdrawal(&settle.key).filter(|known| known.openid == settle.openid);
        let known = known.ok_or(SettleRejection::NoSuchWithdrawal)?;
        let is_replay = known.state != WithdrawalState::Held;
        let at = match &known.state {
            WithdrawalState::Held => now.max(known.held_at),
            WithdrawalState::Confirmed(settled) | WithdrawalState::Cancelled(settled) => settled.at,
        };
        let settled = Settled { reference: settle.operator_reference.clone(), at };
        let state = match settle.how {
            Settlement::Confirm => WithdrawalState::Confirmed(settled),
            Settlement::Cancel => WithdrawalState::Cancelled(settled),
        };
        if is_replay && known.state != state {
            return Err(SettleRejection::AlreadySettled(Box::new(known.clone())));
        }
        known.state = state;
        Ok(Withdrawn { withdrawal: known.clone(), is_replay })
    }

    fn put_merchant(&mut self, put: &PutMerchant) -> Result<(), PutRejection> {
        let stored = self.merchants.get(&put.merchant.id);
        if stored.is_some_and(|stored| *stored != put.merchant && put.instead_of.as_ref() != Some(stored)) {
            return Err(PutRejection);
        }
        self.merchants.insert(put.merchant.id.clone(), put.merchant.clone());
        Ok(())
    }

    fn put_app(&mut self, put: &PutApp) -> Result<(), PutRejection> {
        let stored = self.apps.get(&put.app.id);
        if stored.is_some_and(|stored| *stored != put.app && put.instead_of.as_ref() != Some(stored)) {
            return Err(PutRejection);
        }
        self.apps.insert(put.app.id.clone(), put.app.clone());
        Ok(())
    }

    fn set_clock(&mut self, set: SetClock, now: Timestamp) {
        // `now` is the batch's: real time and what was turned before the batch.
        let real_ms = now.as_millis() - self.offset_ms_loaded;
        self.offset_ms = self.offset_ms.max(set.to.as_millis() - real_ms);
    }

    /// Where the packet with this number stands.
    pub(super) fn status(&self, bill: &BillKey, now: Timestamp) -> Option<PacketStatus> {
        let known = self.packets.get(bill)?;
        Some(match known.fate {
            Fate::Landed(decline) if !known.is_over(now) => PacketStatus::Sending(decline),
            Fate::Landed(decline) | Fate::Failed(decline) => PacketStatus::Failed(decline),
            Fate::Waiting if known.is_over(now) => PacketStatus::Refunding,
            Fate::Waiting if known.claims.is_empty() => PacketStatus::Sent,
            Fate::Waiting | Fate::Opened | Fate::Paid => PacketStatus::Received,
            Fate::WentBack(at) => PacketStatus::Refunded { amount: known.rest(), at },
        })
    }

    /// The work that is still to come for it.
    pub(super) fn due(&self, bill: &BillKey) -> Option<Due> {
        let known = self.packets.get(bill)?;
        let is_to_come = matches!(known.fate, Fate::Landed(_) | Fate::Waiting);
        is_to_come.then(|| Due {
            at: known.over_at,
            packet: known.first.packet_id.clone(),
            payer: known.first.payer.clone(),
        })
    }

    /// What came in for a merchant, less what it sent and did not get back.
    pub(super) fn funds(&self, merchant: &MerchantId) -> i64 {
        let came_in = self.transfers.values().filter(|transfer| transfer.merchant == *merchant);
        let out = self.packets.values().filter(|known| known.first.payer == *merchant).map(|known| match known.fate {
            Fate::Landed(_) | Fate::Failed(_) => 0,
            Fate::Waiting | Fate::Opened | Fate::Paid => known.first.total.as_i64(),
            Fate::WentBack(_) => known.first.total.as_i64() - known.rest().as_i64(),
        });
        came_in.map(|transfer| transfer.amount.as_i64()).sum::<i64>() - out.sum::<i64>()
    }

    /// What a person has opened, or was paid, and neither withdrew nor is about to.
    pub(super) fn wallet(&self, person: &OpenId) -> i64 {
        let is_gone = |withdrawal: &&Withdrawal| {
            withdrawal.openid == *person && !matches!(withdrawal.state, WithdrawalState::Cancelled(_))
        };
        let gone = self.withdrawals.iter().filter(is_gone).map(|withdrawal| withdrawal.amount.as_i64());
        self.received(person) - gone.sum::<i64>()
    }

    /// What came into a person's wallet, newest first.
    pub(super) fn entries(&self, person: &OpenId) -> Vec<PacketId> {
        self.entries.iter().rev().filter(|(openid, _)| openid == person).map(|(_, id)| id.clone()).collect()
    }

    /// What this payer sent to a person, newest first.
    pub(super) fn sent(&self, payer: &MerchantId, family: Family, person: &OpenId) -> Vec<PacketId> {
        let is_of =
            |sent: &&(MerchantId, Family, OpenId, PacketId)| (&sent.0, sent.1, &sent.2) == (payer, family, person);
        self.sent.iter().rev().filter(is_of).map(|(.., id)| id.clone()).collect()
    }

    /// A person's withdrawals, newest first.
    pub(super) fn withdrawals(&self, person: &OpenId) -> Vec<Withdrawal> {
        self.withdrawals.iter().rev().filter(|known| known.openid == *person).cloned().collect()
    }

    /// All that was paid out.
    pub(super) fn went_out(&self) -> i64 {
        let paid = self.withdrawals.iter().filter(|known| matches!(known.state, WithdrawalState::Confirmed(_)));
        paid.map(|withdrawal| withdrawal.amount.as_i64()).sum()
    }

    /// What a person has opened, or was paid.
    pub(super) fn received(&self, person: &OpenId) -> i64 {
        let claims = self.packets.values().flat_map(|known| &known.claims);
        let opened = claims.filter(|claim| claim.openid == *person).map(|claim| claim.amount.as_i64());
        let is_theirs =
            |known: &&Known| matches!(known.fate, Fate::Paid) && known.first.recipient.as_ref() == Some(person);
        let paid = self.packets.values().filter(is_theirs).map(|known| known.first.total.as_i64());
        opened.chain(paid).sum()
    }

    /// All that ever came in.
    pub(super) fn came_in(&self) -> i64 {
        self.transfers.values().map(|transfer| transfer.amount.as_i64()).sum()
    }
}

/// What the shares of a packet are.
fn shares(first: &SendPacket, rule: DrawRule) -> Vec<Fen> {
    if first.share_count == 1 {
        return vec![first.total];
    }
    let seed = crate::draw_keys().seed(1, &first.packet_id).expect("the one key there is");
    seed.shares(rule, first.total, first.share_count).expect("a fen for each")
}
