//! How do commands reach the store? Through a lane: a bounded queue, a thread of its own, one writer,
//! one batch in flight. A store that many may write to at once has several [`Lanes`]; what meets at one busy row goes
//! through the same one, so that it becomes one batch and doesn't wait for itself.
//!
//! There is no timer: while one batch commits, the next one gathers. What does not fit into the queue
//! is refused before it: certainly nothing was done. Once a command is in the queue it is carried to
//! its end, whether or not its caller is still waiting.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use hongbao_engine::batch::{Answer, Attempt, Batch};
use hongbao_engine::command::Command;
use hongbao_engine::decide::Policy;
use hongbao_engine::outcome::Outcome;
use tokio::sync::{mpsc, oneshot};

use crate::{CommitError, Store, StoreError, Writer};

/// The size of a lane.
#[derive(Clone, Copy, Debug)]
pub struct LaneBounds {
    /// How many commands may wait.
    pub queue: usize,
    /// How many commands one batch may hold.
    pub batch: usize,
}

impl Default for LaneBounds {
    fn default() -> LaneBounds {
        LaneBounds { queue: 4096, batch: 512 }
    }
}

/// Why a command has no outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// Certainly nothing was done: too much is waiting.
    #[error("too many requests are waiting")]
    Full,
    /// Certainly nothing was done: the lane takes no more commands.
    #[error("the platform is stopping")]
    Stopped,
    /// Certainly nothing was done: the store can't be reached.
    #[error("the store can't be reached")]
    Unavailable,
    /// Whether something was done is not known: no answer came in time. It is settled all the same.
    #[error("no answer in time")]
    Unanswered,
    /// Whether something was done is not known, and this is a bug.
    #[error("the command could not be decided")]
    SystemError,
}

/// From when on a try is one that hung.
const HUNG: Duration = Duration::from_secs(5);

enum Message {
    Call(Box<Command>, oneshot::Sender<Answer>),
    Stop,
}

/// A way into the store. Clones share the queue.
#[derive(Clone, Debug)]
pub struct Lane {
    queue: mpsc::Sender<Message>,
}

/// The lane's thread.
#[derive(Debug)]
pub struct LaneThread(JoinHandle<()>);

/// Ways into the store, as many as it is worth to have. Clones share the queues.
#[derive(Clone, Debug)]
pub struct Lanes(Arc<[Lane]>);

/// The lanes' threads.
#[derive(Debug)]
pub struct LaneThreads(Vec<LaneThread>);

/// A command that was handed over. It is carried to its end whether or not anybody waits for it.
#[derive(Debug)]
pub struct Pending(oneshot::Receiver<Answer>);

impl Pending {
    /// The outcome, if it comes before `patience` is over.
    pub async fn within(&mut self, patience: Duration) -> Option<Result<Outcome, CallError>> {
        let answered = tokio::time::timeout(patience, &mut self.0).await.ok()?;
        Some(match answered {
            Ok(Answer::Decided(Outcome::Bug(what))) => {
                tracing::error!(what, "the engine contradicts itself");
                Err(CallError::SystemError)
            }
            Ok(Answer::Decided(outcome)) => Ok(outcome),
            Ok(Answer::Unavailable) => Err(CallError::Unavailable),
            Ok(Answer::SystemError) => Err(CallError::SystemError),
            // The lane's thread is gone with the command in its hands.
            Err(_) => Err(CallError::Unanswered),
        })
    }

    /// Returns when the command has come to its end, however it ended.
    pub async fn settled(self) {
        let _ = self.0.await;
    }
}

impl Lane {
    /// Starts a lane into `store`, whose keys it draws with. Its thread has a runtime of its own, so that a connection to a
    /// database is read and written where its answers are waited for, and no other thread must be woken on the way.
    pub fn start<S: Store>(
        store: &S,
        mut policy: Policy,
        bounds: LaneBounds,
    ) -> Result<(Lane, LaneThread), StoreError> {
        let writer = store.writer()?;
        store.draw_keys().clone_into(&mut policy.draw_keys);
        let (queue, waiting) = mpsc::channel(bounds.queue.max(1));
        let failed = |error: std::io::Error| StoreError::Unavailable(error.to_string());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
        let thread = std::thread::Builder::new()
            .name("hongbao-lane".to_owned())
            .spawn(move || runtime.block_on(drive(writer, waiting, &policy, bounds.batch.max(1))))
            .map_err(failed)?;
        Ok((Lane { queue }, LaneThread(thread)))
    }

    /// Hands `command` over and waits for its outcome, at most until `patience` is over.
    pub async fn call(&self, command: Command, patience: Duration) -> Result<Outcome, CallError> {
        self.submit(command)?.within(patience).await.unwrap_or(Err(CallError::Unanswered))
    }

    /// Hands `command` over.
    pub fn submit(&self, command: Command) -> Result<Pending, CallError> {
        let (answer_to, answer) = oneshot::channel();
        self.queue.try_send(Message::Call(Box::new(command), answer_to)).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => CallError::Full,
            mpsc::error::TrySendError::Closed(_) => CallError::Stopped,
        })?;
        Ok(Pending(answer))
    }

    /// Whether it takes commands.
    pub fn is_open(&self) -> bool {
        !self.queue.is_closed()
    }

    /// Takes no more commands; those that wait are still carried out. Returns when that is done.
    pub async fn stop(self, thread: LaneThread) {
        let _ = self.queue.send(Message::Stop).await;
        drop(self.queue);
        let joined = tokio::task::spawn_blocking(move || thread.0.join()).await;
        if !matches!(joined, Ok(Ok(()))) {
            tracing::error!("the lane's thread ended in a panic");
        }
    }
}

impl Lanes {
    /// Starts the lanes into `store`, as [`Lane::start`] does one.
    pub fn start<S: Store>(store: &S, policy: &Policy, bounds: LaneBounds) -> Result<(Lanes, LaneThreads), StoreError> {
        let started = (0..store.lanes().max(1)).map(|_| Lane::start(store, policy.clone(), bounds));
        let (lanes, threads): (Vec<_>, Vec<_>) = started.collect::<Result<Vec<_>, _>>()?.into_iter().unzip();
        Ok((Lanes(lanes.into()), LaneThreads(threads)))
    }

    /// Hands `command` over and waits for its outcome, at most until `patience` is over.
    pub async fn call(&self, command: Command, patience: Duration) -> Result<Outcome, CallError> {
        self.of(&command).call(command, patience).await
    }

    /// Hands `command` over.
    pub fn submit(&self, command: Command) -> Result<Pending, CallError> {
        self.of(&command).submit(command)
    }

    /// Whether all of them take commands.
    pub fn are_open(&self) -> bool {
        self.0.iter().all(Lane::is_open)
    }

    /// Takes no more commands; those that wait are still carried out. Returns when that is done.
    pub async fn stop(&self, threads: LaneThreads) {
        futures_util::future::join_all(self.0.iter().zip(threads.0).map(|(lane, thread)| lane.clone().stop(thread)))
            .await;
    }

    /// The lane of whatever meets at this command's busiest row.
    fn of(&self, command: &Command) -> &Lane {
        let mut hasher = DefaultHasher::new();
        command.busiest_row().hash(&mut hasher);
        let place = hasher.finish() % self.0.len() as u64;
        &self.0[usize::try_from(place).unwrap_or_default()]
    }
}

/// Takes what is waiting, up to `batch_max`, carries it to its end, and again.
async fn drive<W: Writer>(mut writer: W, mut waiting: mpsc::Receiver<Message>, policy: &Policy, batch_max: usize) {
    while let Some(first) = waiting.recv().await {
        let mut calls = Vec::new();
        let mut next = Some(first);
        while let Some(message) = next {
            match message {
                Message::Call(command, answer_to) => calls.push((answer_to, *command)),
                Message::Stop => waiting.close(),
            }
            next = if calls.len() < batch_max { waiting.try_recv().ok() } else { None };
        }
        carry(&mut writer, Batch::new(calls), policy).await;
    }
}

/// Carries one batch to its end.
async fn carry<W: Writer>(writer: &mut W, mut batch: Batch<oneshot::Sender<Answer>>, policy: &Policy) {
    let mut pause = Duration::from_millis(10);
    while let Some(keys) = batch.keys() {
        let asked = Instant::now();
        let attempt = match writer.load(&keys).await {
            Err(error) => {
                tracing::warn!(%error, "the rows of a batch could not be loaded");
                Attempt::Unavailable
            }
            Ok(loaded) => match catch_unwind(AssertUnwindSafe(|| batch.decide(loaded.rows, loaded.now, policy))) {
                Ok(Some(changes)) => match writer.commit(&changes).await {
                    Ok(()) => Attempt::Committed,
                    Err(error @ CommitError::Conflict(_)) => {
                        tracing::info!(%error, "a batch is tried again");
                        Attempt::Conflict
                    }
                    Err(error @ CommitError::NotWritten(_)) => {
                        tracing::warn!(%error, "a batch could not be written");
                        Attempt::Unavailable
                    }
                    Err(error @ CommitError::Unknown(_)) => {
                        tracing::warn!(%error, "a batch is decided again");
                        Attempt::Unknown
                    }
                },
                Ok(None) => {
                    tracing::error!("a batch was dropped: the books would not balance");
                    Attempt::Bug
                }
                Err(_) => {
                    tracing::error!("a batch was dropped: deciding it panicked");
                    Attempt::Bug
                }
            },
        };
        if attempt == Attempt::Bug {
            writer.release().await;
        }
        for (answer_to, answer) in batch.settle(attempt) {
            // A caller whose patience is over has left; his command is settled all the same.
            let _ = answer_to.send(answer);
        }
        if matches!(attempt, Attempt::Unknown | Attempt::Unavailable) {
            let is_hung = asked.elapsed() >= HUNG;
            tokio::time::sleep(pause).await;
            pause *= 2;
            // A commit that hung stays behind in the database, and keeps its connection there, until its standby is back.
            pause = if is_hung { pause.clamp(HUNG, 6 * HUNG) } else { pause.min(Duration::from_secs(1)) };
        }
    }
}
