// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Growing Merkle logs, one per writer
/// @notice A writer publishes roots of its RFC 9162 tree (SHA-256) over envelope digests, each root of a larger tree than the one before.
/// Anyone may write, under its own address; nobody can write under another's. An anchor bounds from above when the leaves existed;
/// it does not say who made them. Whether a root extends the one before is checked off chain, by consistency proof.
interface IAnchorLog {
    /// @notice Emitted when a root has been added.
    /// @param writer Who added it.
    /// @param seq Number of the root in the writer's log, from 0 without holes.
    /// @param root RFC 9162 root of the first `size` leaves.
    /// @param size Leaves under the root.
    event Anchored(address indexed writer, uint64 indexed seq, bytes32 root, uint64 size);

    /// @notice Emitted when it was noted how many roots a writer's log held.
    event Witnessed(address indexed writer, uint64 count, uint40 witnessedAt);

    /// @notice Thrown when `seq` is not the next number, or is taken by another root or size.
    /// @param expected Next free number of the writer's log.
    error AnchorLogSeqNotNext(uint64 seq, uint64 expected);

    /// @notice Thrown when the tree does not grow.
    /// @param latest Size of the writer's latest root.
    error AnchorLogSizeNotGrown(uint64 size, uint64 latest);

    /// @notice Thrown when the root is zero, which no tree has.
    error AnchorLogRootZero();

    /// @notice Adds a root to the caller's log. Repeating an anchor that is there changes nothing and emits nothing; of one
    /// before the latest only the root is compared.
    /// @param seq Next number of the caller's log, from 0.
    /// @param root RFC 9162 root of the first `size` leaves.
    /// @param size Leaves under the root; more than under the root before.
    function anchor(uint64 seq, bytes32 root, uint64 size) external;

    /// @notice Notes how many roots a writer's log holds now, so that it can be told later which are older than a date. Anyone may, at any time;
    /// what was noted in one second only grows.
    function witness(address writer) external;

    /// @notice Roots that a writer's log was noted to hold at a time, in seconds since 1970; 0 when nobody noted it then.
    function witnessed(address writer, uint40 witnessedAt) external view returns (uint64 count);

    /// @notice The state of a writer's log.
    /// @return count Roots in the log; the latest is number `count - 1`.
    /// @return size Leaves under the latest root; 0 when there is none.
    /// @return anchoredAt Time of the latest root, in seconds since 1970; 0 when there is none.
    /// @return latestRoot The latest root; 0 when there is none.
    function latest(address writer)
        external
        view
        returns (uint64 count, uint64 size, uint256 anchoredAt, bytes32 latestRoot);

    /// @notice Root number `seq` of a writer's log; 0 when there is none.
    function root(address writer, uint64 seq) external view returns (bytes32);
}
