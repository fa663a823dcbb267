//! `/wallet` and `/apps/{app_id}/people/{openid}/…`: what does a person have, and how did it come? A person learns it of
//! themselves, by the app's assertion; the app's server of each of its people, by a credential.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::HeaderMap;
use hongbao_engine::directory::{PersonId, Scope};
use hongbao_engine::ledger::{Account, LedgerAccount};
use hongbao_store::{Store, StoreError};
use serde::Serialize;

use super::Path;
use super::assertion::{self, Purpose};
use super::credential;
use super::history::{self, EntryReply, PageQuery, PageReply, SentReply};
use super::problem::Problem;
use crate::platform::Platform;

/// What is in a wallet.
#[derive(Serialize)]
#[expect(clippy::struct_field_names, reason = "names of JSON: every amount says its unit")]
pub(crate) struct WalletReply {
    pub(super) balance_fen: i64,
    /// All that ever came in.
    pub(super) received_fen: i64,
    /// All that was paid out.
    pub(super) withdrawn_fen: i64,
    /// What is being withdrawn, no longer in the balance.
    pub(super) held_fen: i64,
}

type Answer<T> = Result<Json<T>, Problem>;
type PageArgument = Result<Query<PageQuery>, QueryRejection>;

pub(crate) async fn own<S: Store>(State(platform): State<Arc<Platform<S>>>, headers: HeaderMap) -> Answer<WalletReply> {
    let person = asserted(&platform, &headers).await?;
    Ok(Json(wallet(&platform, &person).await?))
}

pub(crate) async fn own_entries<S: Store>(
    State(platform): State<Arc<Platform<S>>>,
    query: PageArgument,
    headers: HeaderMap,
) -> Answer<PageReply<EntryReply>> {
    let person = asserted(&platform, &headers).await?;
    Ok(Json(history::entries(&platform, &person, &page(query)?).await?))
}

pub(crate) async fn own_packets<S: Store>(
    State(platform): State<Arc<Platform<S>>>,
    query: PageArgument,
    headers: HeaderMap,
) -> Answer<PageReply<SentReply>> {
    let person = asserted(&platform, &headers).await?;
    Ok(Json(history::packets(&platform, &person, &page(query)?).await?))
}

pub(crate) async fn of<S: Store>(
    State(platform): State<Arc<Platform<S>>>,
    Path(names): Path<(String, String)>,
    headers: HeaderMap,
) -> Answer<WalletReply> {
    let person = named(&platform, &headers, &names, Scope::Wallets).await?;
    Ok(Json(wallet(&platform, &person).await?))
}

pub(crate) async fn entries_of<S: Store>(
    State(platform): State<Arc<Platform<S>>>,
    Path(names): Path<(String, String)>,
    query: PageArgument,
    headers: HeaderMap,
) -> Answer<PageReply<EntryReply>> {
    let person = named(&platform, &headers, &names, Scope::Wallets).await?;
    Ok(Json(history::entries(&platform, &person, &page(query)?).await?))
}

pub(crate) async fn packets_of<S: Store>(
    State(platform): State<Arc<Platform<S>>>,
    Path(names): Path<(String, String)>,
    query: PageArgument,
    headers: HeaderMap,
) -> Answer<PageReply<SentReply>> {
    let person = named(&platform, &headers, &names, Scope::Wallets).await?;
    Ok(Json(history::packets(&platform, &person, &page(query)?).await?))
}

/// What a person has.
pub(super) async fn wallet<S: Store>(platform: &Platform<S>, person: &PersonId) -> Result<WalletReply, Problem> {
    let id = LedgerAccount::RecipientWallet(person.app.clone(), person.openid.clone());
    let account = platform.in_time(platform.store.account(&id)).await?;
    WalletReply::show(&account)
        .ok_or_else(|| StoreError::Corrupted("the sums of a wallet contradict each other".to_owned()).into())
}

async fn asserted<S: Store>(platform: &Platform<S>, headers: &HeaderMap) -> Result<PersonId, Problem> {
    let person = assertion::judge(platform, headers, Purpose::Identity).await?.person;
    Ok(PersonId { app: person.app, openid: person.openid })
}

/// The person in the path, if the app's server may do this.
pub(super) async fn named<S: Store>(
    platform: &Platform<S>,
    headers: &HeaderMap,
    (app, openid): &(String, String),
    scope: Scope,
) -> Result<PersonId, Problem> {
    let app = credential::judge(platform, headers, app, scope).await?;
    Ok(PersonId { app, openid: super::problem::read(openid)? })
}

fn page(query: PageArgument) -> Result<PageQuery, Problem> {
    let Query(query) = query.map_err(|_| Problem::INVALID)?;
    Ok(query)
}

impl WalletReply {
    fn show(account: &Account) -> Option<WalletReply> {
        Some(WalletReply {
            balance_fen: account.balance()?.as_i64(),
            received_fen: account.received()?.as_i64(),
            withdrawn_fen: account.wallet.withdrawn.as_i64(),
            held_fen: account.wallet.held.as_i64(),
        })
    }
}
