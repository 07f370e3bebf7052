//! Deck to circuit and plan.
