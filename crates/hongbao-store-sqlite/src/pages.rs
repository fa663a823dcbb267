//! What is in each table, a page at a time? Rows as the engine knows them, in the order of their keys, for whoever takes
//! them elsewhere.

use hongbao_engine::rows::{Change, Changes};
use hongbao_store::moving::{Position, RowPage, Table};
use hongbao_types::{AppId, MerchantId};
use rusqlite::types::Value;
use rusqlite::{Connection, Result, Row, params_from_iter};

use crate::{columns, reader};

/// Stands between the parts of a key; none of them has it.
const SEPARATOR: char = '\u{1f}';

/// A column of a key.
#[derive(Clone, Copy)]
enum Key {
    Text(&'static str),
    Integer(&'static str),
    /// Eight bytes.
    Bytes(&'static str),
}

use Key::{Bytes, Integer, Text};

impl Key {
    fn name(self) -> &'static str {
        match self {
            Text(name) | Integer(name) | Bytes(name) => name,
        }
    }

    /// The column, as a part of a position.
    fn write(self, row: &Row<'_>) -> Result<String> {
        Ok(match self {
            Text(name) => row.get(name)?,
            Integer(name) => row.get::<_, i64>(name)?.to_string(),
            Bytes(name) => i64::from_be_bytes(row.get(name)?).to_string(),
        })
    }

    /// And back.
    fn read(self, part: &str) -> Result<Value> {
        let number = || part.parse::<i64>().map_err(|error| columns::nonsense(self.name(), error.to_string()));
        Ok(match self {
            Text(_) => Value::Text(part.to_owned()),
            Integer(_) => Value::Integer(number()?),
            Bytes(_) => Value::Blob(number()?.to_be_bytes().to_vec()),
        })
    }
}

/// By which columns a table's rows are in order.
fn key(table: Table) -> &'static [Key] {
    match table {
        Table::Clock => &[Integer("one")],
        Table::Merchants => &[Text("merchant_id")],
        Table::Apps => &[Text("app_id")],
        Table::People => &[Text("app_id"), Text("openid")],
        Table::Lotteries => &[Text("lottery_id")],
        Table::Packets => &[Text("packet_id")],
        Table::Due => &[Integer("at"), Text("packet_id")],
        Table::Claims => &[Text("packet_id"), Text("openid")],
        Table::Bindings => &[Text("lottery_id"), Text("openid")],
        Table::Accounts => &[Text("kind"), Text("owner"), Text("person")],
        Table::Counters => &[Integer("counter_no")],
        Table::Transfers => &[Text("kind"), Text("reference")],
        Table::Codes => &[Integer("issued_at"), Bytes("nonce")],
        Table::Withdrawals => &[Text("app_id"), Text("reference")],
    }
}

/// Which rows there are: a counter of somebody who was erased is blank, a clock that was never set says nothing.
fn condition(table: Table) -> &'static str {
    if table == Table::Clock {
        "offset_ms <> 0"
    } else if table == Table::Counters {
        "merchant_id <> ''"
    } else {
        "TRUE"
    }
}

/// How many rows a table has.
pub(crate) fn count(view: &Connection, table: Table) -> Result<u64> {
    let sql = format!("SELECT count(*) FROM {} WHERE {}", table.name(), condition(table));
    let count: i64 = view.query_row(&sql, [], |row| row.get(0))?;
    Ok(u64::try_from(count).unwrap_or_default())
}

/// At most `limit` rows behind `after`, all of one table; `None` when there are none in any.
pub(crate) fn page(view: &Connection, after: &Position, limit: usize) -> Result<Option<RowPage>> {
    let mut at = Some(after.clone());
    while let Some(position) = at {
        let found = page_of(view, &position, limit)?;
        if found.is_some() {
            return Ok(found);
        }
        at = position.table.next().map(|table| Position { table, last: None });
    }
    Ok(None)
}

fn page_of(view: &Connection, after: &Position, limit: usize) -> Result<Option<RowPage>> {
    let (table, key) = (after.table, key(after.table));
    let names = key.iter().map(|column| column.name()).collect::<Vec<_>>().join(", ");
    let mut values = match &after.last {
        None => Vec::new(),
        Some(last) => key.iter().zip(last.split(SEPARATOR)).map(|(key, part)| key.read(part)).collect::<Result<_>>()?,
    };
    let behind = if values.is_empty() { "TRUE".to_owned() } else { format!("({names}) > ({})", marks(values.len())) };
    values.push(Value::Integer(i64::try_from(limit).unwrap_or(i64::MAX)));
    let (name, condition) = (table.name(), condition(table));
    let sql = format!("SELECT * FROM {name} WHERE {behind} AND {condition} ORDER BY {names} LIMIT ?");
    let mut statement = view.prepare_cached(&sql)?;
    let mut found = statement.query(params_from_iter(values))?;
    let (mut rows, mut last) = (Changes::default(), None);
    while let Some(row) = found.next()? {
        add(&mut rows, view, table, row)?;
        let parts = key.iter().map(|column| column.write(row)).collect::<Result<Vec<_>>>()?;
        last = Some(parts.join(&SEPARATOR.to_string()));
    }
    Ok(last.map(|last| RowPage { rows, position: Position { table, last: Some(last) } }))
}

fn marks(count: usize) -> String {
    vec!["?"; count].join(", ")
}

/// Adds a row of the table.
fn add(rows: &mut Changes, view: &Connection, table: Table, row: &Row<'_>) -> Result<()> {
    let is_gone = || columns::nonsense("position", "a row vanished while it was read");
    match table {
        Table::Clock => rows.clock = reader::sandbox_clock(view)?,
        Table::Merchants => {
            let merchant = reader::merchant(view, &columns::parsed::<MerchantId>(row, "merchant_id")?)?;
            rows.merchants.push(Change::Insert(merchant.ok_or_else(is_gone)?));
        }
        Table::Apps => {
            let app = reader::app(view, &columns::parsed::<AppId>(row, "app_id")?)?;
            rows.apps.push(Change::Insert(app.ok_or_else(is_gone)?));
        }
        Table::People => rows.people.push(Change::Insert(reader::person_from(row)?)),
        Table::Lotteries => rows.lotteries.push(Change::Insert(reader::lottery_from(row)?)),
        Table::Packets => rows.packets.push(Change::Insert(reader::packet_from(row)?)),
        Table::Due => rows.due_added.push(reader::due_from(row)?),
        Table::Claims => rows.claims.push(Change::Insert(reader::claim_from(row)?)),
        Table::Bindings => rows.bindings.push(Change::Insert(reader::binding_from(row)?)),
        Table::Accounts => {
            rows.accounts.push((columns::account(row)?, Change::Insert(reader::account_from(row)?)));
        }
        Table::Counters => {
            rows.counters.push((columns::counter(row)?, Change::Insert(reader::counter_from(row)?)));
        }
        Table::Transfers => rows.transfers.push(Change::Insert(reader::transfer_from(row)?)),
        Table::Codes => rows.codes.push(Change::Insert(reader::code_from(row)?)),
        Table::Withdrawals => rows.withdrawals.push(Change::Insert(reader::withdrawal_from(row)?)),
    }
    Ok(())
}
