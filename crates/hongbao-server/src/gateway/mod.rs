//! The merchants' door: WeChat Pay's wire protocol. One file per endpoint (or pair: send and query); what they have in
//! common stands in `exchange` (who is calling), `sending` and `packets`, what is said when something is refused in
//! [`refusal`].
//!
//! Checks come in this order, as production's appear to: the body's XML, the fields, the certificate,
//! the signature, permissions, the caller's address; then the engine decides. Before the engine,
//! nothing is stored, whatever comes in.
//!
//! What nobody knows of production is a choice: `hongbao_wire::choices` lists them.

mod exchange;
mod gethbinfo;
mod hbpreorder;
mod packets;
mod refusal;
mod sendgroupredpack;
mod sending;
mod sendminiprogramhb;
mod sendredpack;
mod transfers;
mod workwx;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Extension, Request, State};
use axum::http::{Method, header};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use hongbao_store::Store;
use hongbao_wire::endpoint::{
    GETHBINFO, GETTRANSFERINFO, HBPREORDER, QUERYWORKWXREDPACK, SENDGROUPREDPACK, SENDMINIPROGRAMHB, SENDREDPACK,
    SENDWORKWXREDPACK, TRANSFERS,
};
use hongbao_wire::{BODY_LIMIT, Endpoint, ErrorCode, Given, Params, Reply};

use crate::body;
use crate::listener::Peer;
use crate::platform::Platform;

use self::exchange::Exchange;
use self::refusal::Refusal;

macro_rules! doors {
    ($($endpoint:ident => $handle:path),+ $(,)?) => {
        pub(crate) fn routes<S: Store>() -> Router<Arc<Platform<S>>> {
            Router::new()$(.route(
                $endpoint.path,
                any(|state, peer, request| {
                    call(state, peer, request, &$endpoint, async |exchange: &mut Exchange<'_, S>| $handle(exchange).await)
                }),
            ))+
        }
    };
}

doors! {
    SENDREDPACK => sendredpack::handle,
    SENDGROUPREDPACK => sendgroupredpack::handle,
    SENDMINIPROGRAMHB => sendminiprogramhb::handle,
    GETHBINFO => gethbinfo::handle,
    HBPREORDER => hbpreorder::handle,
    SENDWORKWXREDPACK => workwx::handle_send,
    QUERYWORKWXREDPACK => workwx::handle_query,
    TRANSFERS => transfers::handle_send,
    GETTRANSFERINFO => transfers::handle_query,
}

/// One request: read, handled by its endpoint, answered. Business errors are HTTP 200, too.
async fn call<S: Store>(
    State(platform): State<Arc<Platform<S>>>,
    Extension(peer): Extension<Peer>,
    request: Request,
    endpoint: &'static Endpoint,
    handle: impl AsyncFnOnce(&mut Exchange<'_, S>) -> Result<Given, Refusal>,
) -> Response {
    if request.method() != Method::POST {
        let code = ErrorCode::RequirePostMethod;
        tracing::info!(endpoint = endpoint.name, code = code.as_str(), method = %request.method(), "a request was refused");
        return xml(&Reply::bare_failure(&code, code.text()));
    }
    let params = match read(request.into_body(), platform.http.body_patience).await {
        Ok(params) => params,
        Err(why) => {
            tracing::info!(endpoint = endpoint.name, code = "XML_ERROR", %why, "a request was refused");
            // What is left of a body that was not read to its end must not be taken for a request.
            return ([(header::CONNECTION, "close")], xml(&Reply::unreadable(endpoint.family))).into_response();
        }
    };
    let mut exchange = Exchange::new(&platform, &peer, endpoint, params);
    let result = handle(&mut exchange).await;
    if let Err(refusal) = &result {
        refusal.log(endpoint, &exchange.params, exchange.generation());
    }
    xml(&exchange.reply(&result))
}

/// The parameters in a body, or why there are none.
async fn read(body: Body, patience: Duration) -> Result<Params, String> {
    let bytes = body::read(body, BODY_LIMIT, patience).await.map_err(|error| error.to_string())?;
    hongbao_wire::decode(&bytes).map_err(|error| error.to_string())
}

fn xml(reply: &Reply) -> Response {
    ([(header::CONTENT_TYPE, "text/xml; charset=utf-8")], reply.to_xml()).into_response()
}
