//! What can be asked of the platform? One struct per command; each names every row that deciding it
//! needs, before any I/O.
//!
//! Commands that move money carry a unique key (a bill number or a reference), the others are
//! absolute ("the clock is T", "the merchant is …"), so that deciding one twice does no harm.

use hongbao_types::{AppId, Fen, LotteryId, MerchantId, OpenId, PacketId, Reference, Timestamp};

use crate::code::CodeKey;
use crate::directory::{App, Merchant, Person, PersonId};
use crate::ledger::{LedgerAccount, TransferKey, TransferKind};
use crate::limits::CounterKey;
use crate::lottery::{BindingKey, Lottery, PreOrder};
use crate::packet::{BillKey, Due, Family, Product, Texts};
use crate::rows::{ClaimKey, KeySet};
use crate::wallet::{Settlement, WithdrawalKey};

/// Anything that can be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Send a packet.
    SendPacket(Box<SendPacket>),
    /// Open a share of a packet.
    ClaimShare(ClaimShare),
    /// Do what time has brought to a packet.
    ExpirePacket(ExpirePacket),
    /// Money comes in for a merchant.
    TopUp(TopUp),
    /// A merchant is so.
    PutMerchant(Box<PutMerchant>),
    /// An app is so.
    PutApp(Box<PutApp>),
    /// A person is so.
    PutPerson(PutPerson),
    /// A campaign is so.
    PutLottery(Box<PutLottery>),
    /// Put pre-orders into a campaign's bucket.
    FillLottery(FillLottery),
    /// Give a pre-order to somebody who drew.
    BindPrize(BindPrize),
    /// Learn once who came back from web authorisation.
    RedeemCode(RedeemCode),
    /// Hold money of a wallet, to be paid out.
    HoldWithdrawal(HoldWithdrawal),
    /// It was paid out, or not.
    SettleWithdrawal(SettleWithdrawal),
    /// Forget a person, a step at a time.
    ErasePerson(Box<ErasePerson>),
    /// A sandbox's clock shows at least this.
    SetClock(SetClock),
}

/// Send a packet. Its key is the bill number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SendPacket {
    /// The id it gets if its bill number is new; chosen before the first try.
    pub packet_id: PacketId,
    /// The bill number.
    pub bill: BillKey,
    /// The product.
    pub product: Product,
    /// Whose funds pay.
    pub payer: MerchantId,
    /// The sub-merchant on whose behalf it is sent.
    pub on_behalf_of: Option<MerchantId>,
    /// The app under which its people are known.
    pub app: AppId,
    /// The person it is addressed to; of a pre-order, nobody yet.
    pub recipient: Option<OpenId>,
    /// The money of all shares.
    pub total: Fen,
    /// How many shares; by which rule several are drawn is the payer's choice.
    pub share_count: u32,
    /// What it shows.
    pub texts: Texts,
    /// What only a pre-order has, and every one.
    pub pre_order: Option<PreOrder>,
}

/// Open a share. Its key is (packet, openid).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimShare {
    /// The packet.
    pub packet: PacketId,
    /// The app that says who the person is.
    pub app: AppId,
    /// The person.
    pub openid: OpenId,
    /// What brings them here.
    pub way: ClaimWay,
    /// Whether the app, as the door knows it, has registered people only.
    pub registered_only: bool,
}

/// What brings somebody to a packet: the door has made sure of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ClaimWay {
    /// The message that told them of it.
    #[default]
    Message,
    /// The link that those who opened a share may pass on.
    Link,
    /// The page of a mini program that the merchant signed for them.
    MiniProgram,
}

/// Refund an accepted packet, or fail a landed one, whose deadline has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExpirePacket {
    /// The work as it was found.
    pub due: Due,
}

/// Money comes in for a merchant. Its key is the caller's reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopUp {
    /// The caller's reference.
    pub reference: Reference,
    /// For whom.
    pub merchant: MerchantId,
    /// How much.
    pub amount: Fen,
}

/// A merchant is so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PutMerchant {
    /// The whole of it.
    pub merchant: Merchant,
    /// What it takes the place of, as it was read: nothing, when it is new. When something else is there by then,
    /// nothing is stored, so that of two who change it neither undoes what the other did.
    pub instead_of: Option<Merchant>,
}

/// An app is so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PutApp {
    /// The whole of it.
    pub app: App,
    /// What it takes the place of, as it was read: as for a merchant.
    pub instead_of: Option<App>,
}

/// A person is so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PutPerson {
    /// The whole of it.
    pub person: Person,
}

/// A campaign is so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PutLottery {
    /// The whole of it.
    pub lottery: Lottery,
    /// What it takes the place of, as it was read: as for a merchant.
    pub instead_of: Option<Lottery>,
}

/// Put pre-orders into a campaign's bucket. Done twice, the second time finds them there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FillLottery {
    /// The campaign.
    pub lottery: LotteryId,
    /// Whose pre-orders they are.
    pub merchant: MerchantId,
    /// The services that they may have been made for.
    pub services: Vec<MerchantId>,
    /// The pre-orders.
    pub packets: Vec<PacketId>,
}

/// Give a pre-order to somebody who drew. Its key is (campaign, openid).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BindPrize {
    /// Who drew where.
    pub key: BindingKey,
    /// The app under which they are known.
    pub app: AppId,
    /// The pre-order.
    pub packet: PacketId,
    /// Whose money it is.
    pub payer: MerchantId,
}

/// Redeem a code. Its key is the code: whoever comes second learns nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RedeemCode {
    /// The code; the door has made sure that it was issued, and for whom.
    pub code: CodeKey,
    /// Chosen before the first try, another one for each call, so that a call decided twice succeeds twice.
    pub attempt: [u8; 16],
}

/// Hold money of a wallet, to be paid out. Its key is (app, reference).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HoldWithdrawal {
    /// The app, and the caller's reference.
    pub key: WithdrawalKey,
    /// Whose wallet.
    pub openid: OpenId,
    /// How much.
    pub amount: Fen,
}

/// A withdrawal was paid out, or not. Its key is (app, reference).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettleWithdrawal {
    /// The withdrawal.
    pub key: WithdrawalKey,
    /// Whose wallet it is from, as it was read.
    pub openid: OpenId,
    /// How it ends.
    pub how: Settlement,
    /// What whoever pays out calls it.
    pub operator_reference: Reference,
}

/// Forget a person, a step at a time: each row that has their openid gets the pseudonym in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErasePerson {
    /// Who.
    pub person: PersonId,
    /// What they are to be called; drawn, and the same in every step.
    pub pseudonym: OpenId,
    /// What is to be done now.
    pub step: ErasureStep,
}

/// A step of forgetting a person, in this order. Each names the rows that lists begin with, as they were read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ErasureStep {
    /// Nothing comes in any more; the pseudonym is written down.
    Begin,
    /// The newest withdrawals.
    Withdrawals(Vec<Reference>),
    /// The newest of what came into the wallet.
    Entries(Vec<PacketId>),
    /// The newest packets of one payer and family.
    Packets {
        /// Who paid.
        payer: MerchantId,
        /// The family.
        family: Family,
        /// The packets.
        packets: Vec<PacketId>,
        /// The campaigns that they were drawn in.
        lotteries: Vec<LotteryId>,
    },
    /// Everything else is done: the wallet, and what was known of the person.
    Finish,
}

/// A sandbox's clock shows at least `to`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SetClock {
    /// The least it is to show.
    pub to: Timestamp,
}

/// A row at which many commands may meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BusyRow<'a> {
    /// A payer's funds, and counters.
    Payer(&'a MerchantId),
    /// A packet that many open.
    Packet(&'a PacketId),
    /// A person's wallet.
    Wallet(&'a AppId, &'a OpenId),
    /// None that many would meet at.
    None,
}

impl Command {
    /// Where this meets most others: commands that meet there are best decided in one batch.
    pub fn busiest_row(&self) -> BusyRow<'_> {
        match self {
            Command::SendPacket(send) => BusyRow::Payer(&send.payer),
            Command::ExpirePacket(expire) => BusyRow::Payer(&expire.due.payer),
            Command::TopUp(top_up) => BusyRow::Payer(&top_up.merchant),
            Command::PutMerchant(put) => BusyRow::Payer(&put.merchant.id),
            Command::BindPrize(bind) => BusyRow::Payer(&bind.payer),
            Command::ClaimShare(claim) => BusyRow::Packet(&claim.packet),
            Command::HoldWithdrawal(hold) => BusyRow::Wallet(&hold.key.app, &hold.openid),
            Command::SettleWithdrawal(settle) => BusyRow::Wallet(&settle.key.app, &settle.openid),
            Command::ErasePerson(erase) => BusyRow::Wallet(&erase.person.app, &erase.person.openid),
            Command::PutPerson(put) => BusyRow::Wallet(&put.person.id.app, &put.person.id.openid),
            Command::PutApp(_)
            | Command::PutLottery(_)
            | Command::FillLottery(_)
            | Command::RedeemCode(_)
            | Command::SetClock(_) => BusyRow::None,
        }
    }

    /// Adds the rows that deciding this needs to `keys`.
    pub fn name_rows(&self, keys: &mut KeySet) {
        match self {
            Command::SendPacket(send) => {
                keys.merchants.insert(send.payer.clone());
                keys.apps.insert(send.app.clone());
                keys.people.extend(send.person());
                keys.bills.insert(send.bill.clone());
                keys.accounts.insert(LedgerAccount::MerchantFunds(send.payer.clone()));
                if send.product == Product::Transfer {
                    keys.accounts.extend(send.wallet());
                }
                keys.counters.insert(send.merchant_counter());
                keys.counters.extend(send.recipient_counter());
            }
            Command::ClaimShare(claim) => {
                keys.people.insert(claim.person());
                keys.packets.insert(claim.packet.clone());
                keys.claims.insert(claim.key());
                keys.accounts.insert(claim.wallet());
            }
            Command::ExpirePacket(expire) => {
                keys.packets.insert(expire.due.packet.clone());
                keys.accounts.insert(LedgerAccount::MerchantFunds(expire.due.payer.clone()));
            }
            Command::TopUp(top_up) => {
                keys.merchants.insert(top_up.merchant.clone());
                keys.transfers.insert(top_up.key());
                keys.accounts.insert(LedgerAccount::Settlement);
                keys.accounts.insert(LedgerAccount::MerchantFunds(top_up.merchant.clone()));
            }
            Command::PutMerchant(put) => {
                keys.merchants.insert(put.merchant.id.clone());
            }
            Command::PutApp(put) => {
                keys.apps.insert(put.app.id.clone());
                keys.writes_apps_or_people = true;
            }
            Command::PutPerson(put) => {
                keys.people.insert(put.person.id.clone());
                keys.writes_apps_or_people = true;
            }
            Command::PutLottery(put) => {
                keys.lotteries.insert(put.lottery.id.clone());
            }
            Command::FillLottery(fill) => {
                keys.lotteries.insert(fill.lottery.clone());
                keys.packets.extend(fill.packets.iter().cloned());
            }
            Command::BindPrize(bind) => {
                keys.merchants.insert(bind.payer.clone());
                keys.apps.insert(bind.app.clone());
                keys.people.insert(bind.person());
                keys.packets.insert(bind.packet.clone());
                keys.bindings.insert(bind.key.clone());
                keys.counters.insert(bind.counter());
            }
            Command::RedeemCode(redeem) => {
                keys.codes.insert(redeem.code);
            }
            Command::HoldWithdrawal(hold) => {
                keys.withdrawals.insert(hold.key.clone());
                keys.accounts.insert(hold.wallet());
            }
            Command::SettleWithdrawal(settle) => {
                keys.withdrawals.insert(settle.key.clone());
                keys.accounts.insert(LedgerAccount::Settlement);
                keys.accounts.insert(settle.wallet());
            }
            Command::ErasePerson(erase) => erase.name_rows(keys),
            Command::SetClock(_) => keys.clock = true,
        }
    }
}

impl SendPacket {
    /// The counter of all that the payer sends.
    pub fn merchant_counter(&self) -> CounterKey {
        CounterKey::Merchant(self.payer.clone(), self.product.family())
    }

    /// The counter of what the recipient gets from the payer.
    pub fn recipient_counter(&self) -> Option<CounterKey> {
        let recipient = self.recipient.clone()?;
        Some(CounterKey::Recipient(self.payer.clone(), self.product.family(), self.app.clone(), recipient))
    }

    /// The recipient.
    pub fn person(&self) -> Option<PersonId> {
        Some(PersonId { app: self.app.clone(), openid: self.recipient.clone()? })
    }

    /// The wallet of the recipient.
    pub fn wallet(&self) -> Option<LedgerAccount> {
        Some(LedgerAccount::RecipientWallet(self.app.clone(), self.recipient.clone()?))
    }
}

impl ClaimShare {
    /// The claim's key.
    pub fn key(&self) -> ClaimKey {
        ClaimKey { packet: self.packet.clone(), openid: self.openid.clone() }
    }

    /// The wallet the money goes to.
    pub fn wallet(&self) -> LedgerAccount {
        LedgerAccount::RecipientWallet(self.app.clone(), self.openid.clone())
    }

    /// The person.
    pub fn person(&self) -> PersonId {
        PersonId { app: self.app.clone(), openid: self.openid.clone() }
    }
}

impl BindPrize {
    /// The counter of what the person gets from the payer.
    pub fn counter(&self) -> CounterKey {
        CounterKey::Recipient(self.payer.clone(), Family::Packets, self.app.clone(), self.key.openid.clone())
    }

    /// The person.
    pub fn person(&self) -> PersonId {
        PersonId { app: self.app.clone(), openid: self.key.openid.clone() }
    }
}

impl HoldWithdrawal {
    /// The wallet that it is from.
    pub fn wallet(&self) -> LedgerAccount {
        LedgerAccount::RecipientWallet(self.key.app.clone(), self.openid.clone())
    }
}

impl SettleWithdrawal {
    /// The wallet that it is from.
    pub fn wallet(&self) -> LedgerAccount {
        LedgerAccount::RecipientWallet(self.key.app.clone(), self.openid.clone())
    }
}

impl ErasePerson {
    /// The person's wallet.
    pub fn wallet(&self) -> LedgerAccount {
        LedgerAccount::RecipientWallet(self.person.app.clone(), self.person.openid.clone())
    }

    /// What it becomes.
    pub fn wallet_after(&self) -> LedgerAccount {
        LedgerAccount::RecipientWallet(self.person.app.clone(), self.pseudonym.clone())
    }

    /// Where the list of a payer's packets for the person begins.
    pub fn list(&self, payer: &MerchantId, family: Family) -> CounterKey {
        CounterKey::Recipient(payer.clone(), family, self.person.app.clone(), self.person.openid.clone())
    }

    fn name_rows(&self, keys: &mut KeySet) {
        keys.accounts.insert(self.wallet());
        let names = [&self.person.openid, &self.pseudonym];
        match &self.step {
            ErasureStep::Begin => {
                keys.accounts.insert(self.wallet_after());
            }
            ErasureStep::Withdrawals(references) => {
                let key = |reference: &Reference| WithdrawalKey {
                    app: self.person.app.clone(),
                    reference: reference.clone(),
                };
                keys.withdrawals.extend(references.iter().map(key));
            }
            ErasureStep::Entries(packets) => {
                let key =
                    |packet: &PacketId, openid: &OpenId| ClaimKey { packet: packet.clone(), openid: openid.clone() };
                keys.claims.extend(packets.iter().flat_map(|packet| names.map(|openid| key(packet, openid))));
                keys.packets.extend(packets.iter().cloned());
            }
            ErasureStep::Packets { payer, family, packets, lotteries } => {
                let key = |lottery: &LotteryId, openid: &OpenId| BindingKey {
                    lottery: lottery.clone(),
                    openid: openid.clone(),
                };
                keys.counters.insert(self.list(payer, *family));
                keys.packets.extend(packets.iter().cloned());
                keys.bindings.extend(lotteries.iter().flat_map(|lottery| names.map(|openid| key(lottery, openid))));
            }
            ErasureStep::Finish => {
                keys.people.insert(self.person.clone());
                keys.writes_apps_or_people = true;
                keys.accounts.insert(self.wallet_after());
            }
        }
    }
}

impl TopUp {
    /// The transfer's key.
    pub fn key(&self) -> TransferKey {
        TransferKey { kind: TransferKind::TopUp, reference: self.reference.clone() }
    }
}
