//! The reference page is what the tables say.

use hongbao_wire::choices::CHOICES;
use hongbao_wire::oauth::{PageError, ReplyError};
use hongbao_wire::{Endpoint, ErrorCode, reference};

/// Where the page lies; `cargo xtask reference` writes it.
const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/protocol.md");

#[test]
fn the_page_in_the_repository_is_up_to_date() {
    if std::env::var_os("HONGBAO_WRITE_REFERENCE").is_some() {
        std::fs::write(PAGE, reference::page()).unwrap();
    }
    let stored = std::fs::read_to_string(PAGE).unwrap();
    assert!(stored == reference::page(), "docs/protocol.md is stale: run `cargo xtask reference`, and commit it");
}

#[test]
fn the_page_names_every_field_code_and_choice() {
    // Stars would be emphasis.
    let page = reference::page().replace("\\*", "*");
    for endpoint in Endpoint::ALL {
        let (_, rest) = page.split_once(&format!("\n## {}\n", endpoint.name)).unwrap();
        let section = rest.split_once("\n## ").map_or(rest, |(section, _)| section);
        for field in endpoint.fields {
            assert!(section.contains(&format!("| `{}` |", field.name)), "{}: {}", endpoint.name, field.name);
            assert!(section.contains(field.meaning.zh) && section.contains(field.meaning.en));
        }
        assert!(endpoint.reply.iter().all(|row| section.contains(&format!("| `{}`", row.name))), "{}", endpoint.name);
    }
    assert!(
        ErrorCode::ALL.iter().all(|code| page.contains(&format!("| `{code}` |")) && page.contains(code.cause().zh))
    );
    for error in PageError::ALL {
        assert!(page.contains(&format!("| `{}` | `{}`<br>", error.code, error.text.zh)), "{error:?}");
    }
    for error in ReplyError::ALL {
        assert!(page.contains(&format!("| `{}` | `{}` |", error.code, error.text)), "{error:?}");
    }
    let (_, rest) = page.split_once("| `SEND_FAILED` |").unwrap();
    let row = rest.lines().next().unwrap();
    assert!(row.contains("| 否 no<br>企业付款 transfers: 可能 maybe |"), "of a transfer it means the opposite: {row}");
    assert!(CHOICES.iter().all(|choice| page.contains(choice.what.zh) && page.contains(choice.what.en)));
}
