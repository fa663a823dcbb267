//! Who decides about money? This crate, and nothing else does.
//!
//! # The story of one packet
//!
//! A merchant's funds are topped up: a [`TopUp`](command::TopUp) posts from *settlement* (the outside
//! world) to *merchant funds*. The merchant sends a packet (红包): [`SendPacket`](command::SendPacket)
//! is checked against what is known of its bill number (商户订单号), then against what would reject it
//! (amount, scene, rate), then against what would only decline it (frozen, the day's limits, balance), and ends
//! in one of three ways:
//!
//! - **accepted**: the total moves from merchant funds into the packet's *escrow*, which is the
//!   packet's own row;
//! - **declined and stored** (*landed*): the bill number is taken, no money moved; the same call again
//!   completes the packet once the cause is gone, until its time is over;
//! - **rejected**: nothing is stored.
//!
//! A person opens it: [`ClaimShare`](command::ClaimShare) moves a share from escrow to the *recipient's
//! wallet*. Of a packet of several shares, [`draw`] says how much; whoever it was sent to opens it first, then whoever
//! has the link. What nobody opened in time goes back: [`ExpirePacket`](command::ExpirePacket) moves the rest
//! of the escrow to the merchant's funds. At all times `total = claimed + refunded + in escrow`.
//!
//! What is in a wallet leaves it in two steps: [`HoldWithdrawal`](command::HoldWithdrawal) moves it into the withdrawal's
//! own row, [`SettleWithdrawal`](command::SettleWithdrawal) from there to settlement, or back.
//!
//! # How a change is made
//!
//! Commands are decided in groups, in memory. A [`Batch`](batch::Batch) names the rows that its
//! commands need ([`KeySet`](rows::KeySet)), a store loads them ([`Rows`](rows::Rows)) with one `now`,
//! [`decide`](decide::decide) applies the commands one after another, and the store writes the
//! [`Changes`](rows::Changes) in one transaction. Only then is anybody answered.
//!
//! There is no I/O here, no clock, no randomness, no async and no logging.
#![deny(clippy::arithmetic_side_effects)]

pub mod audit;
pub mod batch;
pub mod code;
pub mod command;
pub mod decide;
pub mod directory;
pub mod draw;
pub mod ledger;
pub mod limits;
pub mod lottery;
pub mod outcome;
pub mod packet;
pub mod rows;
pub mod wallet;
