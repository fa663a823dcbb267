//! Opening a store: its own, another's, one that others open at the same moment.

use hongbao_store::{Currency, Store, StoreInfo, StoreKind};
use hongbao_store_postgres::{Earlier, OpenError, OpenOptions, PostgresStore, rig};

fn sandbox() -> StoreInfo {
    StoreInfo { kind: StoreKind::Sandbox, currency: Currency::renminbi() }
}

async fn open(url: &str, info: &StoreInfo) -> Result<PostgresStore, OpenError> {
    PostgresStore::open_or_create(url, info, OpenOptions::default()).await
}

fn name(url: &str) -> &str {
    url.rsplit('/').next().unwrap().split('?').next().unwrap()
}

#[tokio::test]
async fn a_store_stays_what_it_was_created_as() {
    let url = rig::shared().database();
    let key = open(&url, &sandbox()).await.unwrap().person_key().clone();
    assert_eq!(open(&url, &sandbox()).await.unwrap().person_key(), &key);
    let live = StoreInfo { kind: StoreKind::Live, ..sandbox() };
    assert!(matches!(open(&url, &live).await, Err(OpenError::OtherKind { .. })));
    let points = Currency { code: "PTS".to_owned(), symbol: "分".to_owned(), minor_digits: 0 };
    let other = StoreInfo { currency: points, ..sandbox() };
    assert!(matches!(open(&url, &other).await, Err(OpenError::OtherKind { .. })));
    assert_eq!(PostgresStore::open_existing(&url).await.unwrap().info(), &sandbox());
}

#[tokio::test]
async fn what_is_not_a_store_is_left_alone() {
    let url = rig::shared().database();
    assert!(matches!(PostgresStore::open_existing(&url).await, Err(OpenError::Missing)));
    rig::shared().sql(name(&url), "CREATE TABLE notes (line TEXT)");
    assert!(matches!(open(&url, &sandbox()).await, Err(OpenError::NotAStore)));
    assert!(matches!(PostgresStore::open_existing(&url).await, Err(OpenError::NotAStore)));
    assert_eq!(
        rig::shared().sql(name(&url), "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public'"),
        "1\n"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_nodes_that_start_at_once_make_one_store() {
    let url = rig::shared().database();
    let mut nodes = tokio::task::JoinSet::new();
    for _ in 0..16 {
        let url = url.clone();
        nodes.spawn(async move { open(&url, &sandbox()).await.map(|store| store.person_key().clone()) });
    }
    let keys = nodes.join_all().await.into_iter().collect::<Result<Vec<_>, _>>().unwrap();
    assert!(keys.iter().all(|key| *key == keys[0]), "all have one key of people");
    assert_eq!(rig::shared().sql(name(&url), "SELECT count(*) FROM draw_key"), "1\n");
}

#[tokio::test]
async fn tables_of_another_version_are_refused() {
    let url = rig::shared().database();
    drop(open(&url, &sandbox()).await.unwrap());
    rig::shared().sql(name(&url), "UPDATE schema_version SET version = 99; UPDATE oldest_version SET oldest = 6");
    assert!(matches!(open(&url, &sandbox()).await, Err(OpenError::TooNew { found: 99, known: 5 })));
    rig::shared().sql(name(&url), "UPDATE schema_version SET version = 0");
    assert!(matches!(open(&url, &sandbox()).await, Err(OpenError::TooOld { found: 0, known: 5 })));
    assert!(matches!(PostgresStore::open_existing(&url).await, Err(OpenError::TooOld { .. })));
}

/// From before the first tables.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_asks_for_it_brings_tables_to_this_version_and_of_many_only_one_does() {
    let url = rig::shared().database();
    rig::shared().sql(name(&url), "CREATE TABLE schema_version (one SMALLINT PRIMARY KEY, version BIGINT NOT NULL)");
    rig::shared().sql(name(&url), "INSERT INTO schema_version VALUES (1, 0)");
    let mut nodes = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let url = url.clone();
        nodes.spawn(async move {
            let options = OpenOptions { earlier: Earlier::IsMigrated, ..OpenOptions::default() };
            match PostgresStore::open_or_create(&url, &sandbox(), options).await {
                // Of tables without a store there is nothing to read.
                Err(OpenError::NotAStore) => {}
                other => panic!("{other:?}"),
            }
        });
    }
    nodes.join_all().await;
    assert_eq!(rig::shared().sql(name(&url), "SELECT version FROM schema_version"), "5\n");
}

/// A node that was not stopped while others went on to another version writes nothing any more.
#[tokio::test]
async fn a_node_whose_tables_are_of_another_version_by_now_loads_nothing() {
    use hongbao_engine::rows::KeySet;
    use hongbao_store::{StoreError, Writer};
    let url = rig::shared().database();
    let store = open(&url, &sandbox()).await.unwrap();
    let mut writer = store.writer().unwrap();
    writer.load(&KeySet::default()).await.unwrap();
    writer.release().await;
    rig::shared().sql(name(&url), "UPDATE schema_version SET version = 6; UPDATE oldest_version SET oldest = 6");
    assert!(matches!(writer.load(&KeySet::default()).await, Err(StoreError::Unavailable(_))));
}

#[tokio::test]
async fn a_password_is_nowhere_in_an_error_or_a_debug_text() {
    let url = rig::shared().database();
    let store = open(&url, &sandbox()).await.unwrap();
    assert!(!format!("{store:?} {:?}", store.writer()).contains("hongbao-test"));
    let wrong = url.replace("hongbao-test", "wr0ng-secret");
    let error = open(&wrong, &sandbox()).await.unwrap_err();
    assert!(matches!(error, OpenError::Unavailable(_)));
    assert!(!format!("{error} {error:?}").contains("wr0ng-secret"), "{error:?}");
}

#[tokio::test]
async fn a_host_that_is_not_there_is_passed_over() {
    let url = rig::shared().database();
    let nowhere = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let hosts = format!("{nowhere},127.0.0.1:{}", rig::shared().port());
    let url = url.replace(&format!("127.0.0.1:{}", rig::shared().port()), &hosts);
    let store = open(&format!("{url}&target_session_attrs=read-write"), &sandbox()).await.unwrap();
    assert!(store.now().await.is_ok());
}

/// As they were when there were more shards: what was sent then is found again, and no number is free.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tables_of_an_earlier_version_are_brought_to_this_one_with_all_that_is_in_them() {
    use crate::node::{Node, bill, send};
    use hongbao_store::Store;
    let url = rig::shared().database();
    let node = Node::start(&url).await;
    node.fund().await;
    let sent = node.send(send(1, 1)).await.unwrap();
    let tables = ["packet", "claim", "account", "counter", "due", "transfer", "withdrawal"];
    let more = tables.map(|table| format!("UPDATE {table} SET shard = shard + 640")).join("; ");
    let back = format!(
        "{more}; UPDATE schema_version SET version = 4; UPDATE oldest_version SET oldest = 4;
         ALTER TABLE account DROP CONSTRAINT account_pkey; ALTER TABLE counter DROP CONSTRAINT counter_pkey;
         ALTER TABLE account ADD PRIMARY KEY (shard, kind, owner, person);
         ALTER TABLE counter ADD PRIMARY KEY (shard, app_id, openid, merchant_id, family)"
    );
    rig::shared().sql(name(&url), &back);
    assert!(matches!(open(&url, &sandbox()).await, Err(OpenError::TooOld { found: 4, known: 5 })));

    let options = OpenOptions { earlier: Earlier::IsMigrated, ..OpenOptions::default() };
    let node = Node::start_with(&url, options).await;
    assert!(node.store.packet_by_bill(&bill(1)).await.unwrap().is_some());
    let again = node.send(send(1, 1)).await.unwrap();
    assert!(again.is_replay);
    assert_eq!(again.packet, sent.packet);
    node.send(send(1, 2)).await.unwrap();
    node.assert_books(2).await;
    let left = tables.map(|table| format!("SELECT '{table}' FROM {table} WHERE shard > 63")).join(" UNION ");
    assert_eq!(rig::shared().sql(name(&url), &left), "");
}

/// A later version that only added something leaves nodes of this one running; one that took something away does not.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tables_that_only_grew_stop_no_node() {
    use crate::node::{Node, bill, merchant_id, send};
    use hongbao_engine::ledger::LedgerAccount;
    use hongbao_store::{CallError, Store};
    let url = rig::shared().database();
    let node = Node::start(&url).await;
    node.fund().await;
    node.send(send(1, 1)).await.unwrap();
    let grow =
        "ALTER TABLE packet ADD COLUMN added BIGINT NOT NULL DEFAULT 7; ALTER TABLE account ADD COLUMN added TEXT;
         UPDATE schema_version SET version = 6";
    rig::shared().sql(name(&url), grow);
    assert!(node.send(send(1, 1)).await.unwrap().is_replay);
    node.send(send(1, 2)).await.unwrap();
    assert!(node.store.packet_by_bill(&bill(2)).await.unwrap().is_some());
    node.assert_books(2).await;
    assert_eq!(rig::shared().sql(name(&url), "SELECT DISTINCT added FROM packet"), "7\n");
    Node::start(&url).await.assert_books(2).await;

    rig::shared().sql(name(&url), "UPDATE oldest_version SET oldest = 6");
    assert_eq!(node.send(send(1, 3)).await, Err(CallError::Unavailable));
    assert!(node.store.real_now().await.is_err(), "it is not ready");
    assert!(node.store.packet_by_bill(&bill(1)).await.is_err(), "it may not know where to look");
    assert!(node.store.account(&LedgerAccount::MerchantFunds(merchant_id())).await.is_err(), "nor here");
    assert!(node.store.audit().await.is_err());
    let live = StoreInfo { kind: StoreKind::Live, currency: Currency::renminbi() };
    assert!(matches!(open(&url, &live).await, Err(OpenError::TooNew { found: 6, known: 5 })));
}

/// Whatever the URL says, or doesn't: a standby in front of the primary is passed by.
#[tokio::test]
async fn a_host_that_can_t_be_written_to_is_passed_by() {
    let (standby, primary) = (rig::Cluster::start(), rig::Cluster::start());
    let url = primary.database();
    let read_only = standby.database();
    assert_eq!(name(&url), name(&read_only));
    standby.sql("postgres", &format!("ALTER DATABASE {} SET default_transaction_read_only = on", name(&url)));
    let both = format!("127.0.0.1:{},127.0.0.1:{}", standby.port(), primary.port());
    let url = url.replace(&format!("127.0.0.1:{}", primary.port()), &both);
    for more in ["", "&target_session_attrs=any"] {
        drop(open(&format!("{url}{more}"), &sandbox()).await.unwrap());
    }
    assert_eq!(primary.sql(name(&url), "SELECT count(*) FROM store"), "1\n");
}
