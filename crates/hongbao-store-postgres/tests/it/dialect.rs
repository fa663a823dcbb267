//! Is only said what PostgreSQL's distributed relatives understand, too?

use std::path::Path;

use hongbao_store::{Currency, StoreInfo, StoreKind};
use hongbao_store_postgres::{OpenOptions, PostgresStore, rig};

/// What some of them lack, or have only per node; and what would make a commit that nobody else saw look done.
const FORBIDDEN: [&str; 21] = [
    "ADVISORY",
    "LISTEN",
    "NOTIFY",
    "TRIGGER",
    "SEQUENCE",
    "SERIAL",
    "BIGSERIAL",
    "NEXTVAL",
    "PLPGSQL",
    "FUNCTION",
    "PROCEDURE",
    "DEFERRABLE",
    "DEFERRED",
    "EXCLUDE",
    "GENERATED",
    "IDENTITY",
    "INHERITS",
    "PARTITION",
    "LOCK",
    "CTID",
    "SAVEPOINT",
];

#[test]
fn all_sql_of_the_crate_is_portable() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut read = 0;
    for (part, ending) in [("src", "rs"), ("migrations", "sql")] {
        for file in std::fs::read_dir(folder.join(part)).unwrap() {
            let path = file.unwrap().path();
            if path.extension().is_none_or(|found| found != ending) {
                continue;
            }
            read += 1;
            for line in std::fs::read_to_string(&path).unwrap().lines() {
                let line = line.split(if ending == "sql" { "--" } else { "//" }).next().unwrap_or_default();
                // In the sources, words of SQL are in capitals, and functions of the database are not.
                let line = if ending == "sql" { line.to_uppercase() } else { line.to_owned() };
                let words = line.split(|c: char| !c.is_alphanumeric());
                let found: Vec<_> = words.filter(|word| FORBIDDEN.contains(word)).collect();
                assert!(found.is_empty(), "{}: {found:?} in {line:?}", path.display());
                assert!(!line.to_lowercase().contains("pg_advisory") && !line.contains("pg_cancel"), "{line:?}");
            }
        }
    }
    assert!(read > 10, "{read} files");
}

/// What grows is spread over machines by its shard; what an operator enters, and one row of each kind, is everywhere.
#[tokio::test]
async fn keys_of_what_grows_begin_with_a_shard() {
    let url = rig::shared().database();
    let info = StoreInfo { kind: StoreKind::Sandbox, currency: Currency::renminbi() };
    PostgresStore::open_or_create(&url, &info, OpenOptions::default()).await.unwrap();
    let name = url.rsplit('/').next().unwrap().split('?').next().unwrap();
    let unsharded = "SELECT DISTINCT c.relname FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indrelid
         JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
         WHERE i.indisunique AND a.attname <> 'shard' AND c.relnamespace = 'public'::regnamespace ORDER BY 1";
    let expected = "app\nbinding\ndraw_key\nimport\nlottery\nmerchant\noldest_version\nperson\nsandbox_clock\nschema_version\nstore\n";
    assert_eq!(rig::shared().sql(name, unsharded), expected);
}
