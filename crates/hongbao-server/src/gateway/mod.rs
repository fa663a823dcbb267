//! The merchants' door: WeChat Pay's wire protocol. One file per endpoint; what is said when
//! something is refused stands in [`refusal`].
//!
//! Checks come in this order, as production's appear to: the body's XML, the fields, the certificate,
//! the signature, permissions, the caller's address; then the engine decides. Before the engine,
//! nothing is stored, whatever comes in.
//!
//! Chosen, for nobody knows what production does: an unknown merchant is told so before his certificate
//! is looked at; a `sub_mch_id` is refused with `ACCEPTMODE_ERROR`, after permissions; a text that could be
//! read as another field makes the signature wrong; frozen funds are `PAYER_ACCOUNT_ABNORMAL`; the rate
//! limit is 1800 a clock minute; another method than POST echoes nothing; a body with a length and chunks is read by its chunks, and is the last of
//! its connection; a `reason` is not cut to 32
//! characters; no word is masked.

mod authenticate;
mod gethbinfo;
mod refusal;
mod sendredpack;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Extension, Request, State};
use axum::http::{Method, header};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use hongbao_store::Store;
use hongbao_wire::endpoint::{GETHBINFO, SENDREDPACK};
use hongbao_wire::{BODY_LIMIT, Endpoint, ErrorCode, Params, Reply};

use crate::body;
use crate::listener::Peer;
use crate::platform::Platform;

use self::refusal::Refusal;

pub(crate) fn routes<S: Store>() -> Router<Arc<Platform<S>>> {
    let sendredpack = |state, peer, request| call(state, peer, request, &SENDREDPACK, sendredpack::handle::<S>);
    let gethbinfo = |state, peer, request| call(state, peer, request, &GETHBINFO, gethbinfo::handle::<S>);
    Router::new().route(SENDREDPACK.path, any(sendredpack)).route(GETHBINFO.path, any(gethbinfo))
}

/// One request: read, handled by its endpoint, answered. Business errors are HTTP 200, too.
async fn call<S: Store>(
    State(platform): State<Arc<Platform<S>>>,
    Extension(peer): Extension<Peer>,
    request: Request,
    endpoint: &'static Endpoint,
    handle: impl AsyncFnOnce(&Platform<S>, &Peer, &Params) -> Result<Reply, Refusal>,
) -> Response {
    if request.method() != Method::POST {
        let code = ErrorCode::RequirePostMethod;
        tracing::info!(endpoint = endpoint.name, code = code.as_str(), method = %request.method(), "a request was refused");
        return xml(&Reply::failure(&code, code.text()));
    }
    let params = match read(request.into_body(), platform.http.body_patience).await {
        Ok(params) => params,
        Err(why) => {
            tracing::info!(endpoint = endpoint.name, code = "XML_ERROR", %why, "a request was refused");
            // What is left of a body that was not read to its end must not be taken for a request.
            return ([(header::CONNECTION, "close")], xml(&Reply::xml_error())).into_response();
        }
    };
    match handle(&platform, &peer, &params).await {
        Ok(reply) => xml(&reply),
        Err(refusal) => {
            refusal.log(endpoint, &params);
            xml(&refusal.reply(endpoint, &params))
        }
    }
}

/// The parameters in a body, or why there are none.
async fn read(body: Body, patience: Duration) -> Result<Params, String> {
    let bytes = body::read(body, BODY_LIMIT, patience).await.map_err(|error| error.to_string())?;
    hongbao_wire::decode(&bytes).map_err(|error| error.to_string())
}

fn xml(reply: &Reply) -> Response {
    ([(header::CONTENT_TYPE, "text/xml; charset=utf-8")], reply.to_xml()).into_response()
}
