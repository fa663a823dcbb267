//! `hongbao endpoints`: which calls are there, and what do they take and answer? The tables, as they are.

use std::process::ExitCode;

use hongbao_wire::endpoint::{Origin, Presence, ReplyField};
use hongbao_wire::reference::need;
use hongbao_wire::words::Words;
use hongbao_wire::{Endpoint, Field, Signed};
use serde_json::{Value, json};

use crate::args::EndpointsArgs;
use crate::output::{Output, say};

pub(crate) fn run(args: &EndpointsArgs, output: Output) -> ExitCode {
    let endpoints: Vec<&Endpoint> = match args.endpoint.as_deref().and_then(Endpoint::by_name) {
        Some(endpoint) => vec![endpoint],
        None => Endpoint::ALL.to_vec(),
    };
    let object = json!({ "endpoints": endpoints.iter().map(|endpoint| object(endpoint)).collect::<Vec<_>>() });
    output.result(object, || {
        for (place, endpoint) in endpoints.iter().enumerate() {
            if place > 0 {
                say!("");
            }
            print(endpoint, args.chinese);
        }
    });
    ExitCode::SUCCESS
}

fn said(words: Words, chinese: bool) -> &'static str {
    if chinese { words.zh } else { words.en }
}

fn print(endpoint: &Endpoint, chinese: bool) {
    say!("{}  {} · {}", endpoint.name, endpoint.title.zh, endpoint.title.en);
    say!("POST {}", endpoint.path);
    if let Some(note) = endpoint.note {
        say!("{}", said(note, chinese));
    }
    let heads =
        if chinese { ["字段", "必填", "类型", "签名"] } else { ["field", "required", "type", "signed"] };
    say!("  {}", row(heads, if chinese { "说明" } else { "meaning" }));
    for field in endpoint.fields {
        let signed = if counts(field) { "✓" } else { "–" };
        let type_name = field.type_name(endpoint);
        let cells = [field.name, said(need(field), chinese), &type_name, signed];
        say!("  {}", row(cells, said(field.meaning, chinese)));
    }
    let heads = if chinese { ["响应", "成功", "失败", ""] } else { ["reply", "success", "error", ""] };
    say!("  {}", row(heads, ""));
    for reply in endpoint.reply {
        let cells = [reply.name, mark(reply.on_success), mark(reply.on_failure), until(reply)];
        say!("  {}", row(cells, said(reply.meaning, chinese)));
    }
}

/// Cells in columns. Chinese characters are two columns wide.
fn row(cells: [&str; 4], last: &str) -> String {
    let widths = [24, 12, 14, 8];
    let mut line = String::new();
    for (cell, width) in cells.into_iter().zip(widths) {
        let taken: usize = cell.chars().map(|c| if c.len_utf8() > 2 && c.is_alphabetic() { 2 } else { 1 }).sum();
        line.push_str(cell);
        line.extend(std::iter::repeat_n(' ', width.max(taken + 1) - taken));
    }
    line.push_str(last);
    line.trim_end().to_owned()
}

fn counts(field: &Field) -> bool {
    field.signed != Signed::No
}

fn mark(presence: Presence) -> &'static str {
    match presence {
        Presence::Always => "✓",
        Presence::Sometimes | Presence::IfComplained => "(✓)",
        Presence::Never => "–",
    }
}

fn until(reply: &ReplyField) -> &'static str {
    reply.until.map_or("", hongbao_types::Generation::name)
}

fn object(endpoint: &Endpoint) -> Value {
    let fields = endpoint.fields.iter().map(|field| {
        json!({
            "name": field.name,
            "required": need(field).en,
            "type": field.type_name(endpoint),
            "signed": counts(field),
            "example": field.example,
            "meaning": { "zh": field.meaning.zh, "en": field.meaning.en },
            "refusal": field.refusal,
            "malformed": field.malformed,
            "since": field.since,
            "source": field.source,
        })
    });
    let reply = endpoint.reply.iter().map(|row| {
        json!({
            "name": row.name,
            "on_success": row.on_success != Presence::Never,
            "on_error": row.on_failure != Presence::Never,
            "is_repeated": row.origin == Origin::Echo,
            "until": row.until.map(hongbao_types::Generation::name),
            "meaning": { "zh": row.meaning.zh, "en": row.meaning.en },
        })
    });
    json!({
        "name": endpoint.name,
        "path": endpoint.path,
        "title": { "zh": endpoint.title.zh, "en": endpoint.title.en },
        "needs_certificate": endpoint.needs_certificate,
        "is_retired": endpoint.retired,
        "official_page": endpoint.page,
        "fields": fields.collect::<Vec<_>>(),
        "reply": reply.collect::<Vec<_>>(),
    })
}
