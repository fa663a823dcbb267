//! Another store's rows: is every table known to whoever brings them, and who may open what is not complete?

use hongbao_engine::draw::DrawKeys;
use hongbao_engine::ledger::{Account, LedgerAccount};
use hongbao_engine::rows::{Change, Changes};
use hongbao_store::moving::{Origin, Position, RowPage, Table};
use hongbao_store::{Currency, Store, StoreInfo, StoreKind};
use hongbao_store_postgres::{ImportError, OpenError, OpenOptions, PostgresImport, PostgresStore, Progress, rig};
use hongbao_types::{DrawKey, PersonKey};

use crate::node::database_name;

fn origin() -> Origin {
    Origin {
        id: [7; 16],
        info: StoreInfo { kind: StoreKind::Live, currency: Currency::renminbi() },
        person_key: PersonKey::new([1; 32]),
        draw_keys: DrawKeys::new(vec![(1, DrawKey::new([2; 32])), (2, DrawKey::new([3; 32]))]),
    }
}

fn page() -> RowPage {
    let settlement = (LedgerAccount::Settlement, Change::Insert(Account::default()));
    let position = Position { table: Table::Accounts, last: Some("settlement".to_owned()) };
    RowPage { rows: Changes { accounts: vec![settlement], ..Changes::default() }, position }
}

/// A new table of the store is named in `Table`, or here; and nothing is left when an import is given up.
#[tokio::test]
async fn every_table_is_moved_or_said_not_to_be() {
    let url = rig::shared().database();
    let tables = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' ORDER BY table_name";
    let mut import = PostgresImport::connect(&url).await.unwrap();
    import.begin(&origin()).await.unwrap();
    let mut known: Vec<_> = Table::ALL.iter().map(|table| table.name()).collect();
    known.extend(["store", "draw_key", "schema_version", "oldest_version", "import"]);
    known.sort_unstable();
    let found = rig::shared().sql(database_name(&url), tables);
    assert_eq!(found.lines().collect::<Vec<_>>(), known);
    import.abandon(&[7; 16]).await.unwrap();
    assert_eq!(rig::shared().sql(database_name(&url), tables), "");
    assert_eq!(import.progress(None).await.unwrap(), Progress::NotBegun);
}

#[tokio::test]
async fn what_is_not_complete_is_no_store_and_what_is_complete_is_kept() {
    let url = rig::shared().database();
    let open = async || PostgresStore::open_or_create(&url, &origin().info, OpenOptions::default()).await;
    let mut import = PostgresImport::connect(&url).await.unwrap();
    import.begin(&origin()).await.unwrap();
    let mut other = PostgresImport::connect(&url).await.unwrap();
    assert!(other.begin(&origin()).await.is_err(), "somebody else was faster");
    drop(other);
    assert!(matches!(open().await, Err(OpenError::Unfinished)));
    assert!(matches!(PostgresStore::open_existing(&url).await, Err(OpenError::Unfinished)));
    assert!(matches!(import.progress(None).await, Err(ImportError::OtherImport)));
    assert!(matches!(import.progress(Some(&[8; 16])).await, Err(ImportError::OtherImport)));

    // Written and not committed: nothing is there.
    import.write(&[7; 16], &Position::START, &page()).await.unwrap();
    drop(import);
    let mut import = PostgresImport::connect(&url).await.unwrap();
    assert_eq!(import.progress(Some(&[7; 16])).await.unwrap(), Progress::At(Position::START));
    import.write(&[7; 16], &Position::START, &page()).await.unwrap();
    import.commit().await.unwrap();
    assert_eq!(import.progress(Some(&[7; 16])).await.unwrap(), Progress::At(page().position));
    assert_eq!(import.count(Table::Accounts).await.unwrap(), 1);
    // Whoever comes from another position is told, and so is another move.
    for (id, from) in [([7; 16], Position::START), ([8; 16], page().position)] {
        let mut late = PostgresImport::connect(&url).await.unwrap();
        let page = RowPage { rows: Changes::default(), ..page() };
        assert!(matches!(late.write(&id, &from, &page).await, Err(ImportError::Write { .. })));
    }

    import.finish(&[7; 16]).await.unwrap();
    assert_eq!(import.progress(Some(&[7; 16])).await.unwrap(), Progress::Complete);
    assert!(matches!(import.progress(Some(&[8; 16])).await, Err(ImportError::OtherStore)));
    assert!(matches!(import.abandon(&[7; 16]).await, Err(ImportError::Complete)));
    let store = open().await.unwrap();
    assert_eq!((store.person_key(), store.draw_keys()), (&origin().person_key, &origin().draw_keys));
    assert!(!format!("{import:?}").contains("hongbao-test"));
}
