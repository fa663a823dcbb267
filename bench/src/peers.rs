//! What is Hongbao compared with, behind its own doors? A server that does nothing, and one that does what most services
//! do: a transaction of its own for each call, which locks the row that everybody wants.

use deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod};
use hongbao_engine::command::{ClaimShare, SendPacket};
use hongbao_engine::outcome::{Accepted, ClaimRejection, Claimed, SendOutcome};
use hongbao_engine::packet::Claim;
use hongbao_server::{Answer, Peer};
use hongbao_store::CallError;
use hongbao_store::clock::{Clock, SystemClock};
use hongbao_types::Fen;
use tokio_postgres::NoTls;

use crate::setup::MERCHANT;

/// Does nothing.
#[derive(Debug)]
pub(crate) struct Null;

impl Peer for Null {
    fn send_packet(&self, send: Box<SendPacket>) -> Answer<'_, SendOutcome> {
        let sent_at = SystemClock.now();
        Box::pin(std::future::ready(Ok(SendOutcome::Accepted(Accepted {
            packet: send.packet_id,
            sent_at,
            is_replay: false,
        }))))
    }

    fn claim_share(&self, claim: ClaimShare) -> Answer<'_, Result<Claimed, ClaimRejection>> {
        Box::pin(std::future::ready(Ok(Ok(claimed(claim, 1, true, false)))))
    }
}

/// One transaction a call.
#[derive(Clone)]
pub(crate) struct Plain(Pool);

impl std::fmt::Debug for Plain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Plain")
    }
}

const TABLES: &str = "
    CREATE TABLE merchant (merchant_id text PRIMARY KEY, funds bigint NOT NULL CHECK (funds >= 0), sent bigint NOT NULL);
    CREATE TABLE packet (
        packet_id text PRIMARY KEY, merchant_id text NOT NULL, bill_no text NOT NULL, openid text, total bigint NOT NULL,
        shares int NOT NULL, amount_left bigint NOT NULL CHECK (amount_left >= 0), shares_left int NOT NULL,
        sent_at timestamptz NOT NULL DEFAULT now(), UNIQUE (merchant_id, bill_no)
    );
    CREATE TABLE claim (
        packet_id text, openid text, amount bigint NOT NULL, claimed_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (packet_id, openid)
    );
    CREATE TABLE wallet (openid text PRIMARY KEY, balance bigint NOT NULL);
    CREATE TABLE posting (id bigserial PRIMARY KEY, packet_id text NOT NULL, account text NOT NULL, amount bigint NOT NULL);";

impl Plain {
    /// Over a database of its own, in which the tables are made.
    pub(crate) async fn create(url: &str, connections: usize) -> anyhow::Result<Plain> {
        let plain = Plain::open(url, connections)?;
        let client = plain.0.get().await?;
        client.batch_execute(TABLES).await?;
        client.execute("INSERT INTO merchant VALUES ($1, 1000000000000000, 0)", &[&MERCHANT]).await?;
        Ok(plain)
    }

    fn open(url: &str, connections: usize) -> anyhow::Result<Plain> {
        // A connection that went well is as good as new.
        let config = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let manager = Manager::from_config(url.parse()?, NoTls, config);
        Ok(Plain(Pool::builder(manager).max_size(connections).build()?))
    }

    /// Eight statements.
    pub(crate) async fn send(&self, send: &SendPacket) -> anyhow::Result<()> {
        let mut client = self.0.get().await?;
        let (payer, bill_no) = (send.payer.as_str(), send.bill.bill_no.as_str());
        let (packet, total) = (send.packet_id.as_str(), send.total.as_i64());
        let transaction = client.transaction().await?;
        let seen = "SELECT packet_id FROM packet WHERE merchant_id = $1 AND bill_no = $2";
        let seen = transaction.query_opt(&transaction.prepare_cached(seen).await?, &[&payer, &bill_no]).await?;
        anyhow::ensure!(seen.is_none(), "the number was used before");
        let locked = "SELECT funds FROM merchant WHERE merchant_id = $1 FOR UPDATE";
        let locked = transaction.query_one(&transaction.prepare_cached(locked).await?, &[&payer]).await?;
        anyhow::ensure!(locked.get::<_, i64>(0) >= total, "the funds are used up");
        let pay = "UPDATE merchant SET funds = funds - $2, sent = sent + 1 WHERE merchant_id = $1";
        transaction.execute(&transaction.prepare_cached(pay).await?, &[&payer, &total]).await?;
        let insert =
            "INSERT INTO packet (packet_id, merchant_id, bill_no, openid, total, shares, amount_left, shares_left)
                      VALUES ($1, $2, $3, $4, $5, $6, $5, $6)";
        let openid = send.recipient.as_ref().map(hongbao_types::OpenId::as_str);
        let shares = i32::try_from(send.share_count)?;
        let insert = transaction.prepare_cached(insert).await?;
        transaction.execute(&insert, &[&packet, &payer, &bill_no, &openid, &total, &shares]).await?;
        let post = "INSERT INTO posting (packet_id, account, amount) VALUES ($1, $2, $3)";
        let post = transaction.prepare_cached(post).await?;
        transaction.execute(&post, &[&packet, &payer, &-total]).await?;
        transaction.execute(&post, &[&packet, &"escrow", &total]).await?;
        Ok(transaction.commit().await?)
    }

    /// Eight statements, too; the amount, and whether there are shares for others.
    async fn claim(&self, claim: &ClaimShare) -> anyhow::Result<Option<(i64, bool, bool)>> {
        let mut client = self.0.get().await?;
        let (packet, openid) = (claim.packet.as_str(), claim.openid.as_str());
        let transaction = client.transaction().await?;
        let locked = "SELECT shares, amount_left, shares_left FROM packet WHERE packet_id = $1 FOR UPDATE";
        let locked = transaction.query_one(&transaction.prepare_cached(locked).await?, &[&packet]).await?;
        let (shares, left, shares_left): (i32, i64, i32) = (locked.get(0), locked.get(1), locked.get(2));
        let seen = "SELECT amount FROM claim WHERE packet_id = $1 AND openid = $2";
        let seen = transaction.query_opt(&transaction.prepare_cached(seen).await?, &[&packet, &openid]).await?;
        if let Some(seen) = seen {
            return Ok(Some((seen.get(0), shares > 1, true)));
        }
        if shares_left == 0 {
            return Ok(None);
        }
        let amount = left / i64::from(shares_left);
        let insert = "INSERT INTO claim (packet_id, openid, amount) VALUES ($1, $2, $3)";
        transaction.execute(&transaction.prepare_cached(insert).await?, &[&packet, &openid, &amount]).await?;
        let take =
            "UPDATE packet SET amount_left = amount_left - $2, shares_left = shares_left - 1 WHERE packet_id = $1";
        transaction.execute(&transaction.prepare_cached(take).await?, &[&packet, &amount]).await?;
        let credit = "INSERT INTO wallet VALUES ($1, $2)
                      ON CONFLICT (openid) DO UPDATE SET balance = wallet.balance + excluded.balance";
        transaction.execute(&transaction.prepare_cached(credit).await?, &[&openid, &amount]).await?;
        let post = "INSERT INTO posting (packet_id, account, amount) VALUES ($1, $2, $3)";
        transaction.execute(&transaction.prepare_cached(post).await?, &[&packet, &openid, &amount]).await?;
        transaction.commit().await?;
        Ok(Some((amount, shares > 1, false)))
    }
}

impl Peer for Plain {
    fn send_packet(&self, send: Box<SendPacket>) -> Answer<'_, SendOutcome> {
        Box::pin(async move {
            self.send(&send).await.map_err(|error| failed(&error))?;
            Ok(SendOutcome::Accepted(Accepted { packet: send.packet_id, sent_at: SystemClock.now(), is_replay: false }))
        })
    }

    fn claim_share(&self, claim: ClaimShare) -> Answer<'_, Result<Claimed, ClaimRejection>> {
        Box::pin(async move {
            let found = self.claim(&claim).await.map_err(|error| failed(&error))?;
            let Some((amount, is_shared, is_replay)) = found else { return Ok(Err(ClaimRejection::Exhausted)) };
            Ok(Ok(claimed(claim, amount, is_shared, is_replay)))
        })
    }
}

fn failed(error: &anyhow::Error) -> CallError {
    eprintln!("a plain transaction failed: {error:#}");
    CallError::SystemError
}

fn claimed(claim: ClaimShare, amount: i64, is_shared: bool, is_replay: bool) -> Claimed {
    let ClaimShare { packet, app, openid, .. } = claim;
    let (amount, claimed_at) = (Fen::try_new(amount).unwrap_or(Fen::ZERO), SystemClock.now());
    let claim = Claim { packet, app, openid, index: 0, amount, claimed_at, previous: None };
    Claimed { claim, is_shared, is_replay }
}
