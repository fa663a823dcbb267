//! How does a group of commands get through load, decide and commit, whatever the store says?
//!
//! A [`Batch`] is a state machine without I/O. Whoever drives it (a lane in production, a simulator in
//! tests) asks for the rows to load ([`Batch::keys`]), hands them over ([`Batch::decide`]), tries to
//! commit what comes back, and says how that went ([`Batch::settle`]), until nothing is left.
//!
//! - **Committed**: every command of the group is answered, rejections included.
//! - **Conflict**: nothing was written. The group is tried again, a bounded number of times, then
//!   halved; a command that conflicts alone is answered with a system error, and counts as a bug.
//! - **Unknown**: the connection was lost during commit. The same group is decided again, as often
//!   as it takes: what had landed comes out as a replay, and whose it was is told so as if nothing had been lost.
//!   Nobody is answered before.
//! - **Unavailable**: the rows could not be loaded, or not written. Tried again a bounded number of times; then every
//!   command is answered that certainly nothing was done, unless a try before is still unknown.
//! - **Bug**: deciding failed, or the books would not balance. Halved until the culprit is alone.

use std::collections::VecDeque;

use hongbao_types::Timestamp;

use crate::audit::check_changes;
use crate::command::Command;
use crate::decide::{Policy, decide};
use crate::outcome::Outcome;
use crate::rows::{Changes, KeySet, Rows};

/// How many conflicts a group goes through before it is halved.
const CONFLICTS_MAX: u32 = 5;
/// How often a group may find the store out of reach before it is given up.
const FAILURES_MAX: u32 = 3;

/// A group of commands on its way; `T` is whatever the driver needs to answer one.
#[derive(Debug)]
pub struct Batch<T> {
    /// The group in work comes first; after a split there are several.
    groups: VecDeque<Group<T>>,
}

#[derive(Debug)]
struct Group<T> {
    calls: Vec<(T, Command)>,
    outcomes: Vec<Outcome>,
    conflicts: u32,
    failures: u32,
    /// How each call ended in an earlier try, if that may have been written.
    doubtful: Vec<Outcome>,
}

/// How a try went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// Everything was written.
    Committed,
    /// Nothing was written: somebody else was there first.
    Conflict,
    /// Nobody knows whether everything or nothing was written.
    Unknown,
    /// The rows could not be loaded, or could not be written; nothing was.
    Unavailable,
    /// Nothing was written: deciding failed.
    Bug,
}

/// What a caller is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The command was decided, and what it changed is durable.
    Decided(Outcome),
    /// Certainly nothing was done: the store can't be reached.
    Unavailable,
    /// Whether something was done is not known; this counts as a bug.
    SystemError,
}

impl<T> Batch<T> {
    /// A batch of these calls, to be decided in this order.
    pub fn new(calls: Vec<(T, Command)>) -> Batch<T> {
        let mut groups = VecDeque::new();
        if !calls.is_empty() {
            groups.push_back(Group::new(calls, Vec::new()));
        }
        Batch { groups }
    }

    /// The rows to load for the next try; `None` when every call has been answered.
    pub fn keys(&self) -> Option<KeySet> {
        let group = self.groups.front()?;
        let mut keys = KeySet::default();
        for (_, command) in &group.calls {
            command.name_rows(&mut keys);
        }
        Some(keys)
    }

    /// Decides the group in work on freshly loaded rows. `None` when the books would not balance:
    /// then there is nothing to commit, and the try is to be settled as a bug.
    pub fn decide(&mut self, mut rows: Rows, now: Timestamp, policy: &Policy) -> Option<Changes> {
        let group = self.groups.front_mut()?;
        group.outcomes = group.calls.iter().map(|(_, command)| decide(&mut rows, command, now, policy)).collect();
        let changes = rows.into_changes();
        check_changes(&changes).is_ok().then_some(changes)
    }

    /// Takes note of how the try went; the calls that can now be answered.
    ///
    /// # Panics
    /// When something is committed that was not decided.
    pub fn settle(&mut self, attempt: Attempt) -> Vec<(T, Answer)> {
        let Some(mut group) = self.groups.pop_front() else { return Vec::new() };
        match attempt {
            Attempt::Committed => {
                let outcomes = std::mem::take(&mut group.outcomes);
                assert_eq!(outcomes.len(), group.calls.len(), "what is committed was decided");
                let told = group.told(outcomes);
                let answers = group.calls.into_iter().zip(told);
                answers.map(|((call, _), outcome)| (call, Answer::Decided(outcome))).collect()
            }
            Attempt::Unknown => {
                let outcomes = std::mem::take(&mut group.outcomes);
                group.doubtful = group.told(outcomes);
                self.again(group)
            }
            Attempt::Conflict => {
                group.conflicts = group.conflicts.saturating_add(1);
                if group.conflicts < CONFLICTS_MAX { self.again(group) } else { self.split(group) }
            }
            Attempt::Bug => self.split(group),
            Attempt::Unavailable => {
                group.failures = group.failures.saturating_add(1);
                if !group.doubtful.is_empty() || group.failures < FAILURES_MAX {
                    self.again(group)
                } else {
                    group.calls.into_iter().map(|(call, _)| (call, Answer::Unavailable)).collect()
                }
            }
        }
    }

    fn again(&mut self, group: Group<T>) -> Vec<(T, Answer)> {
        self.groups.push_front(group);
        Vec::new()
    }

    fn split(&mut self, group: Group<T>) -> Vec<(T, Answer)> {
        let mut first = group.calls;
        if first.len() <= 1 {
            return first.into_iter().map(|(call, _)| (call, Answer::SystemError)).collect();
        }
        let half = first.len() / 2;
        let second = first.split_off(half);
        let mut doubtful = group.doubtful;
        let doubtful_second = doubtful.split_off(half.min(doubtful.len()));
        self.groups.push_front(Group::new(second, doubtful_second));
        self.groups.push_front(Group::new(first, doubtful));
        Vec::new()
    }
}

impl<T> Group<T> {
    fn new(calls: Vec<(T, Command)>, doubtful: Vec<Outcome>) -> Group<T> {
        Group { calls, outcomes: Vec::new(), conflicts: 0, failures: 0, doubtful }
    }

    /// How each call ended, as it is told: what only repeats how it ended in a try that was in doubt is that try's, which
    /// had been written.
    fn told(&mut self, outcomes: Vec<Outcome>) -> Vec<Outcome> {
        let doubtful = std::mem::take(&mut self.doubtful);
        let mut earlier = doubtful.into_iter();
        let told = |outcome| match earlier.next() {
            Some(first) if first.repeated() == outcome => first,
            _ => outcome,
        };
        outcomes.into_iter().map(told).collect()
    }
}
