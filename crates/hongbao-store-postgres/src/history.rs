//! How is a person's history read without a round trip for each row? The database follows a list from row to row and
//! returns what lies on the way; what of it belongs to the history, `hongbao_store::lists` decides as for every store.

use std::collections::HashMap;

use hongbao_engine::directory::PersonId;
use hongbao_engine::packet::{Claim, Packet};
use hongbao_engine::rows::ClaimKey;
use hongbao_engine::wallet::{Withdrawal, WithdrawalKey};
use hongbao_store::lists::{self, ListHead};
use hongbao_store::{Page, SentPacket, StoreError, WalletEntry};
use hongbao_types::{PacketId, Reference};

use crate::error::Error;
use crate::pool::{Pool, View};
use crate::query::Query;
use crate::{reads, rows, shard};

/// From a packet to those that were sent to the same person before it.
const SENT: &str = "packet.previous";
/// From what came into a wallet to what came before it: by a claim, or by a transfer.
const ENTERED: &str = "COALESCE(claim.previous, packet.previous_in_wallet)";

/// Rows that were read so far, those that are not there included.
#[derive(Default)]
struct Seen {
    packets: HashMap<PacketId, Option<Packet>>,
    claims: HashMap<PacketId, Claim>,
}

/// Why a list could not be read to its end.
enum Stop {
    /// This row was not read yet.
    Unseen(PacketId),
}

impl Seen {
    fn packet(&self, id: &PacketId) -> Result<Option<Packet>, Stop> {
        self.packets.get(id).cloned().ok_or_else(|| Stop::Unseen(id.clone()))
    }

    fn claim(&self, key: &ClaimKey) -> Result<Option<Claim>, Stop> {
        self.packet(&key.packet)?;
        Ok(self.claims.get(&key.packet).cloned())
    }

    /// Reads the packet `from` and up to `limit` behind it, with what the person opened of each.
    async fn follow(
        &mut self,
        view: &mut View<'_>,
        person: &PersonId,
        from: &PacketId,
        limit: usize,
        step: &str,
    ) -> Result<(), StoreError> {
        let shard = shard::of_packet_sql("way.packet_id");
        let way = format!(
            "WITH RECURSIVE way (number, packet_id) AS (
                 SELECT 0, CAST($1 AS text) COLLATE \"C\"
                 UNION ALL
                 SELECT number + 1, {step}
                 FROM way
                 JOIN packet ON packet.shard = {shard}
                     AND packet.packet_id = way.packet_id
                 LEFT JOIN claim ON claim.shard = packet.shard AND claim.packet_id = packet.packet_id
                     AND claim.openid = $2
                 WHERE number < $3 AND {step} IS NOT NULL
             )",
        );
        let limit = i32::try_from(limit).unwrap_or(i32::MAX);
        let query = |what: &str| {
            let sql = format!(
                "{way} SELECT t.* FROM way JOIN {what} AS t ON t.shard = {shard}
                 AND t.packet_id = way.packet_id{}",
                if what == "claim" { " WHERE t.openid = $2" } else { "" }
            );
            let (from, openid) = (from.as_str().to_owned(), person.openid.as_str().to_owned());
            Query::new(sql, vec![Box::new(from), Box::new(openid), Box::new(limit)])
        };
        let found = view.rows(&[query("packet"), query("claim")]).await?;
        self.packets.insert(from.clone(), None);
        for row in &found[0] {
            let packet = rows::packet(row).map_err(Error::of_read)?;
            self.packets.insert(packet.id.clone(), Some(packet));
        }
        for row in &found[1] {
            let claim = rows::claim(row).map_err(Error::of_read)?;
            self.claims.insert(claim.packet.clone(), claim);
        }
        Ok(())
    }
}

/// What came into a person's wallet.
pub(crate) async fn wallet_entries(
    pool: &Pool,
    person: &PersonId,
    from: Option<&PacketId>,
    limit: usize,
) -> Result<Page<WalletEntry, PacketId>, StoreError> {
    let mut view = pool.view().await?;
    let from = match from {
        Some(from) => Some(from.clone()),
        None => reads::wallet(&mut view, person).await?.newest_entry,
    };
    let mut seen = Seen::default();
    let page = loop {
        let read = lists::wallet_entries(person, from.clone(), limit, |key| seen.claim(key), |id| seen.packet(id));
        match read {
            Ok(page) => break page,
            Err(Stop::Unseen(id)) => seen.follow(&mut view, person, &id, limit, ENTERED).await?,
        }
    };
    view.finish().await?;
    Ok(page)
}

/// What was sent to a person.
pub(crate) async fn packets_to(
    pool: &Pool,
    person: &PersonId,
    from: Option<&PacketId>,
    limit: usize,
) -> Result<Page<SentPacket, PacketId>, StoreError> {
    let mut view = pool.view().await?;
    let heads = "SELECT * FROM counter WHERE shard = $1 AND app_id = $2 AND openid = $3 AND newest IS NOT NULL";
    let shard = shard::of_person(&person.app, &person.openid);
    let heads =
        Query::new(heads, vec![Box::new(shard), Box::new(person.app.as_str()), Box::new(person.openid.as_str())]);
    let found = view.rows(&[heads]).await?;
    let heads = found[0].iter().map(head).collect::<Result<Vec<_>, _>>().map_err(Error::of_read)?;
    let mut seen = Seen::default();
    let page = loop {
        let (packet, claim) = (|id: &PacketId| seen.packet(id), |key: &ClaimKey| seen.claim(key));
        match lists::packets_to(person, from, limit, heads.clone(), packet, claim) {
            Ok(page) => break page,
            Err(Stop::Unseen(id)) => seen.follow(&mut view, person, &id, limit, SENT).await?,
        }
    };
    view.finish().await?;
    Ok(page)
}

fn head(row: &tokio_postgres::Row) -> rows::Result<ListHead> {
    let (payer, family) =
        (rows::parsed(row, "merchant_id")?, rows::named(row, "family", hongbao_store::names::family)?);
    Ok(ListHead { payer, family, newest: rows::parsed(row, "newest")? })
}

/// A person's withdrawals. There are few, and each is looked for by itself: the shard of the one before is not in its name.
pub(crate) async fn withdrawals(
    pool: &Pool,
    person: &PersonId,
    from: Option<&Reference>,
    limit: usize,
) -> Result<Page<Withdrawal, Reference>, StoreError> {
    let mut view = pool.view().await?;
    let from = match from {
        Some(from) => Some(from.clone()),
        None => reads::wallet(&mut view, person).await?.newest_withdrawal,
    };
    let mut seen: HashMap<Reference, Option<Withdrawal>> = HashMap::new();
    let page = loop {
        let read = lists::walk(from.clone(), limit, |reference| {
            let found = seen.get(reference).ok_or_else(|| reference.clone())?;
            let theirs = found.as_ref().filter(|withdrawal| withdrawal.openid == person.openid);
            Ok(theirs.map(|withdrawal| (withdrawal.clone(), withdrawal.previous.clone())))
        });
        match read {
            Ok(page) => break page,
            Err(reference) => {
                let reference: Reference = reference;
                let key = WithdrawalKey { app: person.app.clone(), reference: reference.clone() };
                let found = view.rows(&[reads::withdrawal(&key)]).await?;
                seen.insert(reference, reads::first(&found[0], rows::withdrawal)?);
            }
        }
    };
    view.finish().await?;
    Ok(page)
}
