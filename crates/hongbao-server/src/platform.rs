//! What do all doors share? A store, lanes into it, the clock, and what is known of merchants and apps.

use std::sync::Arc;
use std::time::Duration;

use hongbao_engine::command::{
    BindPrize, ClaimShare, Command, ErasePerson, ExpirePacket, FillLottery, HoldWithdrawal, PutApp, PutLottery,
    PutMerchant, PutPerson, RedeemCode, SendPacket, SetClock, SettleWithdrawal, TopUp,
};
use hongbao_engine::decide::Policy;
use hongbao_engine::ledger::Transfer;
use hongbao_engine::outcome::{
    BindRejection, Bound, ClaimRejection, Claimed, ClockRejection, EraseRejection, Expired, HoldRejection,
    NoSuchLottery, Outcome, PrizeRejection, PutRejection, RedeemRejection, SendOutcome, SettleRejection,
    TopUpRejection, Withdrawn,
};
use hongbao_store::clock::Clock;
use hongbao_store::lane::LaneThreads;
use hongbao_store::{CallError, LaneBounds, Lanes, Store, StoreError, StoreKind};
use hongbao_types::OpenId;
use tokio::sync::watch;

use crate::bounds::HttpBounds;
use crate::directory_cache::{DIRECTORY_MAX_AGE, Directory};
use crate::masked_words::MaskedWords;
use crate::packet_ids::PacketIds;
#[cfg(feature = "peer")]
use crate::peer::Peer;
use crate::people::{FinishedPackets, PeopleLimiter, PeopleLimits, PrizePools};
use crate::readiness::NotReady;
use crate::unsettled::Unsettled;

/// What an operator may choose.
#[derive(Clone, Debug)]
pub struct PlatformOptions {
    /// How long after it was accepted a packet expires.
    pub expires_after: Duration,
    /// The same of a pre-order.
    pub pre_order_expires_after: Duration,
    /// How long after it landed a packet fails for good.
    pub fails_after: Duration,
    /// The words that become `*` in what a packet shows.
    pub masked_words: MaskedWords,
    /// How long a caller waits for an answer before he is told that it is unknown.
    pub patience: Duration,
    /// How often expired packets are looked for; `None` only when an operator asks.
    pub expire_every: Option<Duration>,
    /// The size of each lane.
    pub lane: LaneBounds,
    /// What each door puts up with.
    pub http: HttpBounds,
    /// How often people may call.
    pub people: PeopleLimits,
    /// How old what is known of merchants and apps may be.
    pub directory_max_age: Duration,
    /// Who answers sends and claims instead of engine and store: to measure what these cost.
    #[cfg(feature = "peer")]
    pub peer: Option<Arc<dyn Peer>>,
}

impl Default for PlatformOptions {
    fn default() -> PlatformOptions {
        let day = Duration::from_hours(24);
        PlatformOptions {
            expires_after: day,
            pre_order_expires_after: 3 * day,
            fails_after: day,
            masked_words: MaskedWords::default(),
            patience: Duration::from_secs(10),
            expire_every: Some(Duration::from_secs(1)),
            lane: LaneBounds::default(),
            http: HttpBounds::default(),
            people: PeopleLimits::default(),
            directory_max_age: DIRECTORY_MAX_AGE,
            #[cfg(feature = "peer")]
            peer: None,
        }
    }
}

/// The platform, whatever door one comes through.
#[derive(Debug)]
pub struct Platform<S: Store> {
    pub(crate) store: S,
    pub(crate) directory: Directory<S>,
    pub(crate) packet_ids: PacketIds,
    pub(crate) clock: SharedClock,
    pub(crate) expire_every: Option<Duration>,
    pub(crate) http: HttpBounds,
    pub(crate) people_limiter: PeopleLimiter,
    pub(crate) prize_pools: PrizePools,
    pub(crate) finished: FinishedPackets,
    pub(crate) masked_words: MaskedWords,
    pub(crate) readiness: watch::Sender<Result<(), NotReady>>,
    lanes: Lanes,
    patience: Duration,
    unsettled: Unsettled,
    #[cfg(feature = "peer")]
    peer: Option<Arc<dyn Peer>>,
}

/// Why a send has no outcome.
#[derive(Clone, Copy, Debug)]
pub(crate) enum NoOutcome {
    /// As any other command.
    Call(CallError),
    /// No answer came in time, and an earlier send with this number is still under way as well.
    StillUnderWay,
}

/// A clock that can stand in a `Debug` struct.
#[derive(Clone)]
pub(crate) struct SharedClock(pub(crate) Arc<dyn Clock>);

impl std::fmt::Debug for SharedClock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}", self.0.now())
    }
}

macro_rules! commands {
    ($($(#[$doc:meta])* $name:ident($command:ty) -> $outcome:ty: $wrap:expr, $variant:ident;)*) => { $(
        $(#[$doc])*
        pub(crate) async fn $name(&self, command: $command) -> Result<$outcome, CallError> {
            let outcome = self.lanes.call($wrap(command), self.patience).await?;
            let Outcome::$variant(outcome) = outcome else {
                tracing::error!(?outcome, "a command ended as another one's outcome");
                return Err(CallError::SystemError);
            };
            Ok(outcome)
        }
    )* };
}

impl<S: Store> Platform<S> {
    /// A platform over `store`, and the threads of its lanes, which [`Server`](crate::Server) joins.
    pub fn start(
        store: S,
        clock: Arc<dyn Clock>,
        options: &PlatformOptions,
    ) -> Result<(Arc<Platform<S>>, LaneThreads), StoreError> {
        let policy = Policy {
            is_sandbox: store.info().kind == StoreKind::Sandbox,
            expires_after_ms: millis(options.expires_after),
            pre_order_expires_after_ms: millis(options.pre_order_expires_after),
            fails_after_ms: millis(options.fails_after),
            ..Policy::default()
        };
        let (lanes, threads) = Lanes::start(&store, &policy, options.lane)?;
        let platform = Platform {
            directory: Directory::new(store.clone(), options.directory_max_age),
            packet_ids: PacketIds::new()?,
            clock: SharedClock(clock),
            store,
            expire_every: options.expire_every,
            http: options.http,
            people_limiter: PeopleLimiter::new(&options.people),
            prize_pools: PrizePools::default(),
            finished: FinishedPackets::default(),
            masked_words: options.masked_words.clone(),
            readiness: watch::Sender::new(Ok(())),
            lanes,
            patience: options.patience,
            unsettled: Unsettled::default(),
            #[cfg(feature = "peer")]
            peer: options.peer.clone(),
        };
        Ok((Arc::new(platform), threads))
    }

    /// Whether this is play.
    pub(crate) fn is_sandbox(&self) -> bool {
        self.store.info().kind == StoreKind::Sandbox
    }

    /// Whether it takes commands.
    pub(crate) fn is_open(&self) -> bool {
        self.lanes.are_open()
    }

    commands! {
        /// Opens a share, whatever this server is for.
        open_share(ClaimShare) -> Result<Claimed, ClaimRejection>: Command::ClaimShare, Claim;
        /// Does what time has brought.
        expire_packet(ExpirePacket) -> Expired: Command::ExpirePacket, Expire;
        /// Takes money in.
        top_up(TopUp) -> Result<Transfer, TopUpRejection>: Command::TopUp, TopUp;
        /// Stores a merchant.
        put_merchant(Box<PutMerchant>) -> Result<(), PutRejection>: Command::PutMerchant, Put;
        /// Stores an app.
        put_app(Box<PutApp>) -> Result<(), PutRejection>: Command::PutApp, Put;
        /// Stores a person.
        put_person(PutPerson) -> Result<(), PutRejection>: Command::PutPerson, Put;
        /// Learns who came back from web authorisation.
        redeem_code(RedeemCode) -> Result<(), RedeemRejection>: Command::RedeemCode, Redeem;
        /// Stores a campaign.
        put_lottery(Box<PutLottery>) -> Result<(), PutRejection>: Command::PutLottery, Put;
        /// Puts pre-orders into a campaign's bucket.
        fill_lottery(FillLottery) -> Result<Vec<Result<(), PrizeRejection>>, NoSuchLottery>: Command::FillLottery, Fill;
        /// Gives a pre-order to somebody who drew.
        bind_prize(BindPrize) -> Result<Bound, BindRejection>: Command::BindPrize, Bind;
        /// Holds money of a wallet.
        hold_withdrawal(HoldWithdrawal) -> Result<Withdrawn, HoldRejection>: Command::HoldWithdrawal, Hold;
        /// Settles a withdrawal.
        settle_withdrawal(SettleWithdrawal) -> Result<Withdrawn, SettleRejection>: Command::SettleWithdrawal, Settle;
        /// Takes a step of forgetting a person.
        erase_person(Box<ErasePerson>) -> Result<OpenId, EraseRejection>: Command::ErasePerson, Erase;
        /// Sets the clock.
        set_clock(SetClock) -> Result<(), ClockRejection>: Command::SetClock, Clock;
    }

    /// Opens a share.
    pub(crate) async fn claim_share(&self, claim: ClaimShare) -> Result<Result<Claimed, ClaimRejection>, CallError> {
        #[cfg(feature = "peer")]
        if let Some(peer) = &self.peer {
            return peer.claim_share(claim).await;
        }
        self.open_share(claim).await
    }

    /// Sends a packet.
    pub(crate) async fn send_packet(&self, send: Box<SendPacket>) -> Result<SendOutcome, NoOutcome> {
        #[cfg(feature = "peer")]
        if let Some(peer) = &self.peer {
            return peer.send_packet(send).await.map_err(NoOutcome::Call);
        }
        let bill = send.bill.clone();
        let mut pending = self.lanes.submit(Command::SendPacket(send)).map_err(NoOutcome::Call)?;
        match pending.within(self.patience).await {
            Some(Ok(Outcome::Send(outcome))) => Ok(outcome),
            Some(Ok(outcome)) => {
                tracing::error!(?outcome, "a send ended as another command's outcome");
                Err(NoOutcome::Call(CallError::SystemError))
            }
            Some(Err(error)) => Err(NoOutcome::Call(error)),
            None if self.unsettled.note(bill, pending) => Err(NoOutcome::StillUnderWay),
            None => Err(NoOutcome::Call(CallError::Unanswered)),
        }
    }

    /// What a read of the store comes to, unless it takes longer than a caller waits.
    pub(crate) async fn in_time<T>(&self, read: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
        let unanswered = |_| StoreError::Unavailable("no answer in time".to_owned());
        tokio::time::timeout(self.patience, read).await.map_err(unanswered)?
    }

    /// Takes no more commands, and returns when those that wait have been carried out.
    pub(crate) async fn stop(&self, threads: LaneThreads) {
        self.lanes.stop(threads).await;
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
