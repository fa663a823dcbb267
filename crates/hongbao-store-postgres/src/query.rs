//! How is one statement made for many rows? Keys become arrays, whole rows one array, and `UNNEST` makes a table of them: one
//! statement a table, however large the batch.

use std::error::Error;

use bytes::BytesMut;
use serde_json::Value;
use tokio_postgres::types::{IsNull, ToSql, Type};

use crate::row_array::RowArray;

/// A value that goes with a statement.
pub(crate) type Param<'a> = Box<dyn ToSql + Sync + Send + 'a>;

/// A statement with its values. The text is the same whatever the values are, so that it is prepared once.
pub(crate) struct Query<'a> {
    pub(crate) sql: String,
    pub(crate) params: Vec<Param<'a>>,
    /// How many rows it must write; `None` when any number is right.
    pub(crate) rows: Option<u64>,
}

impl<'a> Query<'a> {
    pub(crate) fn new(sql: impl Into<String>, params: Vec<Param<'a>>) -> Query<'a> {
        Query { sql: sql.into(), params, rows: None }
    }
}

/// What a column may hold, and its type.
pub(crate) trait Element: ToSql + Sync + Send {
    const TYPE: &'static str;
}

macro_rules! elements {
    ($($type:ty => $name:literal),*) => { $( impl Element for $type { const TYPE: &'static str = $name; } )* };
}

elements! { i16 => "smallint", i64 => "bigint", bool => "boolean", &str => "text", String => "text", &[u8] => "bytea",
Value => "jsonb" }

impl<T: Element> Element for Option<T> {
    const TYPE: &'static str = T::TYPE;
}

/// The values of a column.
pub(crate) trait Values: ToSql {
    /// Writes the one of a row.
    fn put(&self, row: usize, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>>;
}

impl<T: Element> Values for Vec<T> {
    fn put(&self, row: usize, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        self[row].to_sql(ty, out)
    }
}

/// Some columns of some rows.
pub(crate) struct Columns<'a> {
    names: Vec<&'static str>,
    types: Vec<&'static str>,
    values: Vec<Box<dyn Values + Send + Sync + 'a>>,
    rows: usize,
}

/// The columns of `rows`, each with how it follows from a row; the key's columns first.
macro_rules! columns {
    ($rows:expr; $($name:literal: |$row:pat_param| $value:expr),* $(,)?) => {{
        let rows = $rows;
        let columns = $crate::query::Columns::of(rows.len());
        $( let columns = columns.with($name, rows.iter().map(|$row| $value)); )*
        columns
    }};
}
pub(crate) use columns;

/// Rows that are looked at again for each column.
pub(crate) struct Again<I>(pub(crate) I);

impl<I: ExactSizeIterator + Clone> Again<I> {
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn iter(&self) -> I {
        self.0.clone()
    }
}

impl<'a> Columns<'a> {
    pub(crate) fn of(rows: usize) -> Columns<'a> {
        Columns { names: Vec::new(), types: Vec::new(), values: Vec::new(), rows }
    }

    pub(crate) fn with<T: Element + 'a>(mut self, name: &'static str, values: impl Iterator<Item = T>) -> Columns<'a> {
        self.names.push(name);
        self.types.push(T::TYPE);
        self.values.push(Box::new(values.collect::<Vec<T>>()));
        self
    }

    /// More columns of the same rows.
    pub(crate) fn and(mut self, more: Columns<'a>) -> Columns<'a> {
        self.names.extend(more.names);
        self.types.extend(more.types);
        self.values.extend(more.values);
        self
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// `unnest($1::smallint[], …) AS n (shard, …)`, numbered from `first`.
    fn unnest(&self, first: usize) -> String {
        let arrays = (first..).zip(&self.types).map(|(number, name)| format!("${number}::{name}[]"));
        format!("unnest({}) AS n ({})", arrays.collect::<Vec<_>>().join(", "), self.names.join(", "))
    }

    /// The conditions that join the first `count` columns with those of a table called `t`.
    fn joins(&self, count: usize) -> String {
        let equal = self.names[..count].iter().map(|name| format!("t.{name} = n.{name}"));
        equal.collect::<Vec<_>>().join(" AND ")
    }

    /// One array for each column.
    fn arrays(self) -> impl Iterator<Item = Param<'a>> {
        self.values.into_iter().map(|values| values as Param<'a>)
    }

    /// New rows.
    pub(crate) fn insert(self, table: &str) -> Query<'a> {
        let names = self.names.join(", ");
        self.write_rows(format!("INSERT INTO {table} ({names}) SELECT {names} FROM unnest($1::{table}[])"))
    }

    /// Other values for rows that are there, whose key is the first `key` columns.
    pub(crate) fn update(self, table: &str, key: usize) -> Query<'a> {
        let set = self.names[key..].iter().map(|name| format!("{name} = n.{name}")).collect::<Vec<_>>().join(", ");
        let joins = self.joins(key);
        self.write_rows(format!("UPDATE {table} AS t SET {set} FROM unnest($1::{table}[]) AS n WHERE {joins}"))
    }

    /// What writes these rows, which are an array of the table's own row type.
    fn write_rows(self, sql: String) -> Query<'a> {
        let rows = u64::try_from(self.rows).unwrap_or(u64::MAX);
        let array = RowArray { names: self.names, columns: self.values, rows: self.rows };
        Query { sql, params: vec![Box::new(array)], rows: Some(rows) }
    }

    /// Rows that are to go, whose key these columns are.
    pub(crate) fn delete(self, table: &str) -> Query<'a> {
        let sql = format!("DELETE FROM {table} AS t USING {} WHERE {}", self.unnest(1), self.joins(self.names.len()));
        let rows = u64::try_from(self.rows).unwrap_or(u64::MAX);
        Query { sql, params: self.arrays().collect(), rows: Some(rows) }
    }

    /// Rows that have one of these keys.
    pub(crate) fn read(self, table: &str) -> Query<'a> {
        let (unnest, joins) = (self.unnest(1), self.joins(self.names.len()));
        Query::new(format!("SELECT t.* FROM {unnest} JOIN {table} AS t ON {joins}"), self.arrays().collect())
    }

    /// Rows that have one of these keys, locked in the order of `order`.
    pub(crate) fn lock(self, table: &str, order: &[&str]) -> Query<'a> {
        let (unnest, joins) = (self.unnest(1), self.joins(self.names.len()));
        let sql =
            format!("SELECT t.* FROM {unnest} JOIN {table} AS t ON {joins} ORDER BY {} FOR UPDATE OF t", by(order));
        Query::new(sql, self.arrays().collect())
    }

    /// Rows that have one of these keys or one of `other`'s, locked in the order of `order`, which is a key, too.
    pub(crate) fn lock_with(self, other: Columns<'a>, table: &str, order: &[&str]) -> Query<'a> {
        let key = order.join(", ");
        let of = |columns: &Columns<'_>, first| {
            let (unnest, joins) = (columns.unnest(first), columns.joins(columns.names.len()));
            format!("SELECT t.{} FROM {unnest} JOIN {table} AS t ON {joins}", order.join(", t."))
        };
        let both = format!("{} UNION {}", of(&self, 1), of(&other, self.values.len() + 1));
        let sql =
            format!("SELECT t.* FROM {table} AS t WHERE ({key}) IN ({both}) ORDER BY {} FOR UPDATE OF t", by(order));
        Query::new(sql, self.arrays().chain(other.arrays()).collect())
    }
}

fn by(order: &[&str]) -> String {
    order.iter().map(|name| format!("t.{name}")).collect::<Vec<_>>().join(", ")
}
