//! What went wrong between us and the database? Nothing here says a password or a row's values.

use hongbao_store::{CommitError, StoreError};
use tokio_postgres::error::{DbError, Severity, SqlState};

/// Somebody else kept a row or a table for too long.
const HELD_UP: &str = "55P03";

/// Why a statement has no result.
#[derive(Debug)]
pub(crate) enum Error {
    /// The database said so, or the connection is gone.
    Postgres(tokio_postgres::Error),
    /// Nobody answered in time.
    TimedOut(&'static str),
    /// No host could be reached.
    Unreachable(String),
    /// A row holds what it can't hold.
    Nonsense(String),
    /// A statement wrote another number of rows than it was to.
    Moved(String),
    /// The tables are of another version by now.
    OtherVersion(i64),
}

impl From<tokio_postgres::Error> for Error {
    fn from(error: tokio_postgres::Error) -> Error {
        Error::Postgres(error)
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            // The message names tables and rules; what would name values is the detail.
            Error::Postgres(error) => {
                if let Some(said) = error.as_db_error() {
                    return write!(f, "{} ({})", said.message(), said.code().code());
                }
                let (text, source) = (error.to_string(), std::error::Error::source(error).map(ToString::to_string));
                match source.filter(|source| !text.ends_with(source.as_str())) {
                    Some(source) => write!(f, "{text}: {source}"),
                    None => f.write_str(&text),
                }
            }
            Error::TimedOut(what) => write!(f, "no answer in time: {what}"),
            Error::Unreachable(why) | Error::Nonsense(why) | Error::Moved(why) => f.write_str(why),
            Error::OtherVersion(found) => {
                write!(f, "the tables are of version {found} by now: stop this node and start one of that version")
            }
        }
    }
}

impl Error {
    fn state(&self) -> Option<&SqlState> {
        if let Error::Postgres(error) = self { error.code() } else { None }
    }

    /// Whether the same again may go well at once: two waited for each other, and this one was chosen to give way.
    pub(crate) fn is_passing(&self) -> bool {
        let passing = [&SqlState::T_R_SERIALIZATION_FAILURE, &SqlState::T_R_DEADLOCK_DETECTED];
        self.state().is_some_and(|state| passing.contains(&state))
    }

    /// Whether somebody else kept a lock for longer than one waits.
    pub(crate) fn is_held_up(&self) -> bool {
        self.state().is_some_and(|state| state.code() == HELD_UP)
    }

    /// Whether the server ended the session with it, even if the end of the connection was not seen yet.
    pub(crate) fn is_fatal(&self) -> bool {
        let Error::Postgres(error) = self else { return false };
        let severity = error.as_db_error().and_then(DbError::parsed_severity);
        error.is_closed() || matches!(severity, Some(Severity::Fatal | Severity::Panic))
    }

    /// Whether the session knows tables as they were before columns were added: a new one knows better.
    pub(crate) fn is_outdated(&self) -> bool {
        let outdated = [&SqlState::FEATURE_NOT_SUPPORTED, &SqlState::DATATYPE_MISMATCH];
        self.state().is_some_and(|state| outdated.contains(&state))
    }

    /// Whether this table is not there.
    pub(crate) fn is_no_table(&self) -> bool {
        self.state() == Some(&SqlState::UNDEFINED_TABLE)
    }

    /// Whether another node made the same thing at the same moment.
    pub(crate) fn is_made_twice(&self) -> bool {
        let twice = [
            &SqlState::UNIQUE_VIOLATION,
            &SqlState::DUPLICATE_TABLE,
            &SqlState::DUPLICATE_OBJECT,
            &SqlState::T_R_SERIALIZATION_FAILURE,
            &SqlState::T_R_DEADLOCK_DETECTED,
        ];
        self.state().is_some_and(|state| twice.contains(&state))
    }

    /// As a reader is told.
    pub(crate) fn of_read(self) -> StoreError {
        if let Error::Nonsense(why) = self {
            StoreError::Corrupted(why)
        } else {
            StoreError::Unavailable(self.to_string())
        }
    }

    /// As a writer is told before `COMMIT` was sent: certainly nothing was written.
    pub(crate) fn of_write(&self) -> CommitError {
        // A key that is taken, a row that breaks a rule or a text that can't be kept (classes 23 and 22) is a matter of
        // one command: the batch is split until that one is alone.
        let class = self.state().map(|state| &state.code()[..2]);
        if self.is_passing() || matches!(self, Error::Moved(_)) || matches!(class, Some("22" | "23")) {
            CommitError::Conflict(self.to_string())
        } else {
            CommitError::NotWritten(self.to_string())
        }
    }
}
