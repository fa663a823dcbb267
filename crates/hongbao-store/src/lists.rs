//! What has come to a person? Rows that name the one before them, newest first: each is a list whose beginning stands in
//! a row that is written anyway, so that a history costs no row and no index of its own.

use hongbao_engine::command::ErasureStep;
use hongbao_engine::directory::PersonId;
use hongbao_engine::packet::{Claim, Family, Packet};
use hongbao_engine::rows::ClaimKey;
use hongbao_engine::wallet::Withdrawal;
use hongbao_types::{Fen, MerchantId, PacketId, Reference, Timestamp};

/// Some rows of a list, and where to go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T, C> {
    /// The rows.
    pub rows: Vec<T>,
    /// The first one of the next page, if there is one.
    pub next: Option<C>,
}

/// What came into a wallet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WalletEntry {
    /// A share that the person opened.
    Claim(Claim),
    /// A transfer, which nobody opens.
    Transfer(Box<Packet>),
}

/// A packet that was sent to a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SentPacket {
    /// The packet.
    pub packet: Packet,
    /// What they opened of it.
    pub claim: Option<Claim>,
}

/// Where a list of the packets of one payer to one person begins.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ListHead {
    /// Who pays.
    pub payer: MerchantId,
    /// Packets, or transfers.
    pub family: Family,
    /// The newest one.
    pub newest: PacketId,
}

impl WalletEntry {
    /// The packet that it came from.
    pub fn packet(&self) -> &PacketId {
        match self {
            WalletEntry::Claim(claim) => &claim.packet,
            WalletEntry::Transfer(packet) => &packet.id,
        }
    }

    /// How much it was.
    pub fn amount(&self) -> Fen {
        match self {
            WalletEntry::Claim(claim) => claim.amount,
            WalletEntry::Transfer(packet) => packet.claimed,
        }
    }

    /// When it came.
    pub fn at(&self) -> Timestamp {
        match self {
            WalletEntry::Claim(claim) => claim.claimed_at,
            WalletEntry::Transfer(packet) => packet.sent_at,
        }
    }

    /// The one before it.
    pub fn previous(&self) -> Option<&PacketId> {
        match self {
            WalletEntry::Claim(claim) => claim.previous.as_ref(),
            WalletEntry::Transfer(packet) => packet.previous_in_wallet.as_ref(),
        }
    }
}

/// At most `limit` rows of a list, from `at` on. Where `read` finds nothing, or nothing of this list, it ends.
pub fn walk<T, C, E>(
    mut at: Option<C>,
    limit: usize,
    mut read: impl FnMut(&C) -> Result<Option<(T, Option<C>)>, E>,
) -> Result<Page<T, C>, E> {
    let mut rows = Vec::new();
    while let Some(key) = at.take() {
        if rows.len() == limit {
            at = Some(key);
            break;
        }
        if let Some((row, previous)) = read(&key)? {
            rows.push(row);
            at = previous;
        }
    }
    Ok(Page { rows, next: at })
}

/// What came into a person's wallet, from `at` on.
pub fn wallet_entries<E>(
    person: &PersonId,
    at: Option<PacketId>,
    limit: usize,
    claim: impl Fn(&ClaimKey) -> Result<Option<Claim>, E>,
    packet: impl Fn(&PacketId) -> Result<Option<Packet>, E>,
) -> Result<Page<WalletEntry, PacketId>, E> {
    walk(at, limit, |id| {
        let key = ClaimKey { packet: id.clone(), openid: person.openid.clone() };
        let entry = if let Some(claim) = claim(&key)?.filter(|claim| claim.app == person.app) {
            Some(WalletEntry::Claim(claim))
        } else {
            let is_theirs = |packet: &Packet| packet.paid_at_once().is_some() && is_for(packet, person);
            packet(id)?.filter(is_theirs).map(|packet| WalletEntry::Transfer(Box::new(packet)))
        };
        Ok(entry.map(|entry| {
            let previous = entry.previous().cloned();
            (entry, previous)
        }))
    })
}

/// The packets that were sent to a person, one payer and family after another in the order of `heads`; from the packet
/// `from` on, which says in which list it stands.
pub fn packets_to<E>(
    person: &PersonId,
    from: Option<&PacketId>,
    limit: usize,
    mut heads: Vec<ListHead>,
    packet: impl Fn(&PacketId) -> Result<Option<Packet>, E>,
    claim: impl Fn(&ClaimKey) -> Result<Option<Claim>, E>,
) -> Result<Page<SentPacket, PacketId>, E> {
    heads.sort();
    if let Some(from) = from {
        let Some(first) = packet(from)?.filter(|first| is_for(first, person)) else {
            return Ok(Page { rows: Vec::new(), next: None });
        };
        heads.retain(|head| (&head.payer, head.family) > (&first.payer, first.bill.family));
    }
    let mut heads = heads.into_iter().map(|head| head.newest);
    let first = from.cloned().or_else(|| heads.next());
    walk(first, limit, |id| {
        let Some(packet) = packet(id)?.filter(|packet| is_for(packet, person)) else {
            return Ok(None);
        };
        let claim = claim(&ClaimKey { packet: id.clone(), openid: person.openid.clone() })?;
        let previous = packet.previous.clone().or_else(|| heads.next());
        Ok(Some((SentPacket { packet, claim }, previous)))
    })
}

/// What is to be done next of a person's erasure, by the beginnings of their lists.
pub fn next_step(
    withdrawals: &Page<Withdrawal, Reference>,
    entries: &Page<WalletEntry, PacketId>,
    packets: &Page<SentPacket, PacketId>,
) -> ErasureStep {
    if !withdrawals.rows.is_empty() {
        return ErasureStep::Withdrawals(withdrawals.rows.iter().map(|row| row.key.reference.clone()).collect());
    }
    if !entries.rows.is_empty() {
        return ErasureStep::Entries(entries.rows.iter().map(|entry| entry.packet().clone()).collect());
    }
    let Some(first) = packets.rows.first() else { return ErasureStep::Finish };
    let (payer, family) = (&first.packet.payer, first.packet.bill.family);
    let is_of_list = |sent: &&SentPacket| (&sent.packet.payer, sent.packet.bill.family) == (payer, family);
    let of_list: Vec<&Packet> = packets.rows.iter().take_while(is_of_list).map(|sent| &sent.packet).collect();
    let drawn = of_list.iter().filter_map(|packet| packet.pre_order.as_ref()?.lottery.clone());
    ErasureStep::Packets {
        payer: payer.clone(),
        family,
        lotteries: drawn.collect(),
        packets: of_list.iter().map(|packet| packet.id.clone()).collect(),
    }
}

fn is_for(packet: &Packet, person: &PersonId) -> bool {
    packet.app == person.app && packet.recipient.as_ref() == Some(&person.openid)
}
