//! How do many rows go to the database at once? As one array of the table's own row type: it is taken apart there in
//! one step, and not column by column, which costs more than everything else about a write.

use std::error::Error;

use bytes::{BufMut, BytesMut};
use tokio_postgres::types::{IsNull, Kind, ToSql, Type, to_sql_checked};

use crate::query::Values;

type Result<T> = std::result::Result<T, Box<dyn Error + Sync + Send>>;

/// Rows, column by column.
pub(crate) struct RowArray<'a> {
    pub(crate) names: Vec<&'static str>,
    pub(crate) columns: Vec<Box<dyn Values + Send + Sync + 'a>>,
    pub(crate) rows: usize,
}

impl std::fmt::Debug for RowArray<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RowArray").field("names", &self.names).field("rows", &self.rows).finish_non_exhaustive()
    }
}

impl ToSql for RowArray<'_> {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull> {
        let Kind::Array(row) = ty.kind() else { return Err("not an array".into()) };
        let Kind::Composite(fields) = row.kind() else { return Err("not an array of rows".into()) };
        if let Some(name) = self.names.iter().find(|name| fields.iter().all(|field| field.name() != **name)) {
            return Err(format!("{row} has no column {name}").into());
        }
        let columns: Vec<_> = fields
            .iter()
            .map(|field| (field.type_(), self.names.iter().position(|name| *name == field.name())))
            .map(|(ty, place)| (ty, place.map(|place| &self.columns[place])))
            .collect();
        // One dimension without nulls, from 1 on.
        for head in [1, 0] {
            out.put_i32(head);
        }
        out.put_u32(row.oid());
        out.put_i32(i32::try_from(self.rows)?);
        out.put_i32(1);
        for at in 0..self.rows {
            with_length(out, |out| {
                out.put_i32(i32::try_from(columns.len())?);
                for (ty, column) in &columns {
                    out.put_u32(ty.oid());
                    with_length(out, |out| column.map_or(Ok(IsNull::Yes), |column| column.put(at, ty, out)))?;
                }
                Ok(IsNull::No)
            })?;
        }
        Ok(IsNull::No)
    }

    fn accepts(ty: &Type) -> bool {
        matches!(ty.kind(), Kind::Array(row) if matches!(row.kind(), Kind::Composite(_)))
    }

    to_sql_checked!();
}

/// A value behind its length, which is -1 of none.
fn with_length(out: &mut BytesMut, put: impl FnOnce(&mut BytesMut) -> Result<IsNull>) -> Result<()> {
    let at = out.len();
    out.put_i32(-1);
    if let IsNull::No = put(out)? {
        let length = i32::try_from(out.len() - at - 4)?;
        out[at..at + 4].copy_from_slice(&length.to_be_bytes());
    }
    Ok(())
}
