//! What does each product's endpoint answer, from the first call to the refund?

mod group;
mod mini_program;
mod pre_order;
mod provider;
mod refusals;
mod signed_replies;
mod transfer;
mod workwx;
