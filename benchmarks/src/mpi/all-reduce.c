// What MPI itself takes: sums over all ranks, in place. Prints the seconds of each as JSON: { "<bytes>": [ … ] }.
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>

int main(int count, char **arguments) {
  int rank;
  MPI_Init(&count, &arguments);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  if (rank == 0) printf("{");
  // Pairs: bytes, rounds.
  for (int i = 1; i + 1 < count; i += 2) {
    int bytes = atoi(arguments[i]), rounds = atoi(arguments[i + 1]);
    float *buffer = calloc(bytes, 1);
    if (rank == 0) printf("%s\"%d\":[", i > 1 ? "," : "", bytes);
    for (int round = -2; round < rounds; round++) {
      MPI_Barrier(MPI_COMM_WORLD);
      double began = MPI_Wtime();
      MPI_Allreduce(MPI_IN_PLACE, buffer, bytes / 4, MPI_FLOAT, MPI_SUM, MPI_COMM_WORLD);
      double took = MPI_Wtime() - began;
      if (rank == 0 && round >= 0) printf("%s%.9f", round > 0 ? "," : "", took);
    }
    if (rank == 0) printf("]");
    free(buffer);
  }
  if (rank == 0) printf("}\n");
  MPI_Finalize();
  return 0;
}
