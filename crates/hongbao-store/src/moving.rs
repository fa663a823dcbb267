//! How does everything get from one kind of store into another? Table by table, a page of rows at a time, each row as the
//! engine knows it, in the order of its key; so that whoever is killed half-way goes on where it was.

use hongbao_engine::draw::DrawKeys;
use hongbao_engine::rows::{Changes, Gone};
use hongbao_types::PersonKey;

use crate::StoreInfo;

/// One kind of row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Table {
    /// The sandbox's clock.
    Clock,
    /// Merchants, with their keys and all their lists.
    Merchants,
    /// Apps, likewise.
    Apps,
    /// People of whom something is known.
    People,
    /// Campaigns.
    Lotteries,
    /// Packets.
    Packets,
    /// Due work.
    Due,
    /// Claims.
    Claims,
    /// Draws that won.
    Bindings,
    /// Accounts.
    Accounts,
    /// Counters.
    Counters,
    /// Transfers.
    Transfers,
    /// Redeemed codes.
    Codes,
    /// Withdrawals.
    Withdrawals,
}

impl Table {
    /// All of them, in the order in which they are moved.
    pub const ALL: [Table; 14] = [
        Table::Clock,
        Table::Merchants,
        Table::Apps,
        Table::People,
        Table::Lotteries,
        Table::Packets,
        Table::Due,
        Table::Claims,
        Table::Bindings,
        Table::Accounts,
        Table::Counters,
        Table::Transfers,
        Table::Codes,
        Table::Withdrawals,
    ];

    /// What it is called in every store that has tables.
    pub const fn name(self) -> &'static str {
        match self {
            Table::Clock => "sandbox_clock",
            Table::Merchants => "merchant",
            Table::Apps => "app",
            Table::People => "person",
            Table::Lotteries => "lottery",
            Table::Packets => "packet",
            Table::Due => "due",
            Table::Claims => "claim",
            Table::Bindings => "binding",
            Table::Accounts => "account",
            Table::Counters => "counter",
            Table::Transfers => "transfer",
            Table::Codes => "redeemed_code",
            Table::Withdrawals => "withdrawal",
        }
    }

    /// The table of that name.
    pub fn from_name(name: &str) -> Option<Table> {
        Table::ALL.into_iter().find(|table| table.name() == name)
    }

    /// The one that is moved after it.
    pub fn next(self) -> Option<Table> {
        let at = Table::ALL.iter().position(|table| *table == self)?;
        Table::ALL.get(at + 1).copied()
    }
}

/// By which a store knows its own move again: drawn when it begins.
pub type MoveId = [u8; 16];

/// What of a store is no row, and goes along.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// Which move it is.
    pub id: MoveId,
    /// What the store is.
    pub info: StoreInfo,
    /// The key from which people's openids follow.
    pub person_key: PersonKey,
    /// Those from which draws follow.
    pub draw_keys: DrawKeys,
}

/// How far a move is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    /// The table that is being moved.
    pub table: Table,
    /// The key of its last row that was moved, as the store writes it that it comes from; `None` before the first.
    pub last: Option<String>,
}

impl Position {
    /// Nothing was moved yet.
    pub const START: Position = Position { table: Table::ALL[0], last: None };
}

/// Some rows of one table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowPage {
    /// The rows, all new to whoever writes them.
    pub rows: Changes,
    /// How far this page goes.
    pub position: Position,
}

impl RowPage {
    /// How many rows there are.
    pub fn count(&self) -> u64 {
        // Every field has its name here, so that a new kind of row is not forgotten.
        let Changes {
            clock,
            merchants,
            apps,
            people,
            lotteries,
            packets,
            due_added,
            due_removed: _,
            claims,
            bindings,
            accounts,
            counters,
            transfers,
            codes,
            codes_over_before: _,
            withdrawals,
            gone: Gone { people: _, claims: _, bindings: _, accounts: _, counters: _ },
        } = &self.rows;
        let counts = [
            usize::from(clock.is_some()),
            merchants.len(),
            apps.len(),
            people.len(),
            lotteries.len(),
            packets.len(),
            due_added.len(),
            claims.len(),
            bindings.len(),
            accounts.len(),
            counters.len(),
            transfers.len(),
            codes.len(),
            withdrawals.len(),
        ];
        counts.iter().map(|count| u64::try_from(*count).unwrap_or(u64::MAX)).sum()
    }
}
