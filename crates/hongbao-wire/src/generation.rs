//! What was different in the years of each generation? The envelope, and what codes were called.

use hongbao_types::Generation;

use crate::error_code::ErrorCode;

/// The `return_code` of a business error.
pub(crate) const fn return_code_of_failure(generation: Generation) -> &'static str {
    match generation {
        Generation::G1 => "FAIL",
        Generation::G2a | Generation::G2b => "SUCCESS",
    }
}

/// Whether success has `err_code` and `err_code_des`.
pub(crate) const fn success_has_err_code(generation: Generation) -> bool {
    matches!(generation, Generation::G2b)
}

/// Whether `mch_id` is written as a plain number.
pub(crate) const fn has_plain_mch_id(generation: Generation) -> bool {
    matches!(generation, Generation::G1 | Generation::G2a)
}

/// What `code` was called at the time; itself when it was called the same, or when there was nothing like it.
#[must_use]
pub fn code_in(generation: Generation, code: ErrorCode) -> ErrorCode {
    match (generation, code) {
        (Generation::G1, ErrorCode::ProductAuthorityUnopen | ErrorCode::ApiMethodClosed) => ErrorCode::NoAuth2014,
        (Generation::G1, ErrorCode::FreqLimit) => ErrorCode::SecondOverLimited,
        (Generation::G1, ErrorCode::SystemError | ErrorCode::Processing) => ErrorCode::SystemError2014,
        // A query's sample of 2015 says so.
        (Generation::G1, ErrorCode::NotFound) => ErrorCode::SystemError,
        (Generation::G2a, ErrorCode::ApiMethodClosed) => ErrorCode::NoAuth,
        (_, code) => code,
    }
}
